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
