import { EventEmitter, once } from "node:events";
import { rmSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { expect, test } from "@jest/globals";
import { readConfig } from "../../backend/config.ts";
import { endWith, startBackend } from "../../backend/main.ts";
import { startTestBackend } from "./test-backend.ts";
import { TEST_ASSETS } from "./test-options.ts";

/** A process that records its exit code instead of ending. */
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
  await expect(backend.request("GET", "/")).rejects.toThrow("fetch failed");
  if (code === 1) expect(backend.log).toContainEqual(expect.objectContaining({ level: "fatal", msg: event }));
  await backend.stop();
});

test("stopping twice is stopping once", async () => {
  const backend = await startTestBackend();
  expect(backend.backend.stop()).toBe(backend.backend.stop());
  await backend.stop();
});

test("with registration closed only the first administrator can register, by the setup link", async () => {
  const backend = await startTestBackend({ config: { REGISTRATION: "closed" } });
  const register = (name: string, more: object = {}) =>
    backend.request("POST", "/api/auth/register", {
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

test("O18: a start whose port is taken does not replace the setup link that another start has printed", async () => {
  const backend = await startTestBackend();
  const { dataDir } = backend.config;
  const setup = backend.backend.setupPath?.replace("/#setup=", "");
  // the backend that printed the link has ended, and another program has its port
  await backend.backend.stop();
  const other = await startTestBackend();
  const config = readConfig({ PORT: String(other.port), DATA_DIR: dataDir, LOG_LEVEL: "silent" });
  await expect(startBackend(config, { assets: TEST_ASSETS })).rejects.toMatchObject({ name: "PortError" });
  await other.stop();
  const database = new DatabaseSync(join(dataDir, "causeway.db"), { readOnly: true });
  const hashed = database.prepare("select material from keys where purpose = 'setup'").all();
  database.close();
  expect(hashed).toEqual([
    { material: Buffer.from(await crypto.subtle.digest("SHA-256", Buffer.from(setup ?? ""))).toString("base64url") },
  ]);
  await backend.stop();
});

test("O18: a second backend on one data folder is refused, and the running one goes on", async () => {
  const backend = await startTestBackend();
  const config = readConfig({ PORT: "0", DATA_DIR: backend.config.dataDir, LOG_LEVEL: "silent" });
  await expect(startBackend(config, { assets: TEST_ASSETS })).rejects.toMatchObject({ code: "STORE_IN_USE" });
  expect((await backend.registerUser()).accessToken).toEqual(expect.any(String));
  await backend.stop();
});

test("O18: a start that cannot read a file for NATS leaves the data folder to the next start", async () => {
  const backend = await startTestBackend();
  await backend.backend.stop();
  const config = readConfig({ PORT: "0", DATA_DIR: backend.config.dataDir, LOG_LEVEL: "silent" });
  const tls = { caFile: join(config.dataDir, "missing.pem") };
  const nats = { servers: ["127.0.0.1:1"], tls, login: undefined, secrets: ["x".repeat(32)] };
  await expect(startBackend({ ...config, nats }, { assets: TEST_ASSETS })).rejects.toMatchObject({
    name: "NodesError",
  });
  const next = await startBackend(config, { assets: TEST_ASSETS });
  await next.stop();
  await backend.stop();
});

test("O14: a node whose database cannot be written is not ready", async () => {
  const backend = await startTestBackend({ config: { INTERNAL_PORT: "0" } });
  const ready = async () => {
    const response = await fetch(`${backend.backend.internalUrl}/health/ready`);
    return (await response.json()) as { ready: boolean; checks: { store: boolean } };
  };
  const holder = new DatabaseSync(join(backend.config.dataDir, "causeway.db"));
  holder.exec("begin immediate"); // reading works
  // the write of the start counts for five seconds
  while ((await ready()).checks.store) await new Promise((resolve) => setTimeout(resolve, 100));
  expect(await ready()).toEqual({ ready: false, checks: { clock: true, gateway: true, services: true, store: false } });
  holder.exec("rollback");
  holder.close();
  while (!(await ready()).ready) await new Promise((resolve) => setTimeout(resolve, 100));
  await backend.stop();
});

test("O14: a backend whose database file is deleted says so, saves it and exits 1", async () => {
  const backend = await startTestBackend();
  const on = new FakeProcess();
  endWith(backend.backend, on);
  const exited = once(on, "exited");
  rmSync(join(backend.config.dataDir, "causeway.db"));
  expect(await exited).toEqual([1]);
  const fatal = backend.log.find(({ level }) => level === "fatal");
  expect(fatal?.msg).toMatch(
    /causeway\.db was deleted or replaced while the backend ran.*npm run restore -- .*rescued-/,
  );
  await backend.stop();
});
