import { EventEmitter, once } from "node:events";
import { expect, test } from "@jest/globals";
import { endWith } from "../../backend/main.ts";
import { startTestBackend } from "./support.ts";

/** A process that notes its exit code instead of ending. */
class FakeProcess extends EventEmitter {
  exit(code: number): void {
    this.emit("exited", code);
  }
}

test.each([
  ["SIGTERM", 0],
  ["SIGINT", 0],
  ["unhandledRejection", 1],
  ["uncaughtException", 1],
])("%s stops the backend in order and exits %d", async (event, code) => {
  const backend = await startTestBackend();
  const on = new FakeProcess();
  endWith(backend.backend, on);
  const exited = once(on, "exited");
  on.emit(event, new Error("a bug of ours"));
  expect(await exited).toEqual([code]);
  await expect(backend.ask("GET", "/")).rejects.toThrow("fetch failed");
  if (code === 1) expect(backend.log).toContainEqual(expect.objectContaining({ level: "fatal", msg: event }));
  await backend.stop();
});

test("stopping twice is stopping once", async () => {
  const backend = await startTestBackend();
  expect(backend.backend.stop()).toBe(backend.backend.stop());
  await backend.stop();
});

test("with registration closed nobody new gets in, whoever they are, but the first administrator by the setup link", async () => {
  const backend = await startTestBackend({ config: { REGISTRATION: "closed" } });
  const register = (name: string, more: object = {}) =>
    backend.ask("POST", "/api/auth/register", {
      body: { email: `${name}@example.org`, password: "correct horse battery", name, ...more },
    });
  const setup = backend.backend.setupPath?.replace("/#setup=", "");
  expect(await register("eve")).toMatchObject({ status: 403, json: { error: { code: "REGISTRATION_CLOSED" } } });
  expect(await register("eve", { setup: "x".repeat(43) })).toMatchObject({ json: { error: { code: "SETUP_LINK" } } });
  expect(await register("root", { setup })).toMatchObject({
    status: 200,
    json: { user: { roles: ["user", "moderator", "admin"] } },
  });
  // no difference between an address that is known and one that is not
  expect((await register("root")).json).toEqual((await register("eve")).json);
  expect(await register("eve", { setup })).toMatchObject({ status: 403 });
  await backend.stop();
});
