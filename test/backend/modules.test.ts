import { expect, test } from "@jest/globals";
import { sql } from "kysely";
import { createBroker } from "../../backend/broker.ts";
import { call } from "../../backend/contract/index.ts";
import { features } from "../../backend/features.ts";
import { createLog } from "../../backend/log.ts";
import { postFor } from "../../backend/mail/index.ts";
import { loadFeatures, startFeatures } from "../../backend/modules.ts";
import { openDatabase } from "../../backend/store/index.ts";
import { usersStore } from "../../backend/users/index.ts";
import { testStorage } from "./store/test-storage.ts";
import { testModules } from "./test-modules.ts";

/** The features that the kit itself needs. */
const KIT: readonly string[] = ["users", "auth"];

test("D4: every feature of the list is loaded, in the order of the list", async () => {
  const loaded = await loadFeatures();
  expect(loaded.map(({ name }) => name)).toEqual(features.map(({ name }) => name));
  // a feature without tables has no migrations
  for (const { migrations } of loaded) expect(Object.keys(migrations)[0] ?? "0001_").toMatch(/^0001_/);
});

test("H4: a feature that cannot be loaded is named, with its file, the reason and what to do", async () => {
  const load = (load: () => Promise<unknown>) => loadFeatures({}, [{ name: "todos", surface: {}, load }]);
  const remedy = "Repair that, or remove the feature from the list in backend/features.ts.";
  const migrations = "`migrations` (an object; `{}` where it has no tables)";
  const failure = new ReferenceError("todoStore is not defined");
  failure.stack = "ReferenceError: ...\n    at file:///site/backend/todos/store.ts:7:3\n    at ...";
  await expect(load(() => Promise.reject(failure))).rejects.toMatchObject({
    name: "FeatureError",
    message:
      "The feature todos cannot be loaded, so nothing was started: backend/todos/index.ts throws ReferenceError: " +
      `todoStore is not defined (backend/todos/store.ts:7). ${remedy}`,
    cause: failure,
  });
  await expect(load(async () => ({ todosFeature: {} }))).rejects.toThrow(
    `backend/todos/index.ts exports no \`feature\`: it needs ${migrations} and \`start\` (a function). ${remedy}`,
  );
  const start = () => {};
  for (const feature of [{ start }, { start, migrations: null }])
    await expect(load(async () => ({ feature }))).rejects.toThrow(
      `exports a \`feature\` without ${migrations}. ${remedy}`,
    );
  await expect(load(async () => ({ feature: { migrations: {} } }))).rejects.toThrow(
    `exports a \`feature\` without \`start\` (a function). ${remedy}`,
  );
  await expect(load(async () => ({ feature: { migrations: { todos: {} }, start } }))).rejects.toThrow(
    `exports the migration "todos": a name has four digits, _ and words, as 0001_todos. ${remedy}`,
  );
  await expect(load(async () => ({ feature: { migrations: {}, start } }))).resolves.toMatchObject([{ name: "todos" }]);
});

test("D4: with the kit's own features alone, users sign in, and nothing of the other features is there", async () => {
  const storage = await testStorage();
  const loaded = (await loadFeatures(testModules())).filter(({ name }) => KIT.includes(name));
  const database = await openDatabase(storage.options, loaded);
  const { clock, throttles } = database;
  const log = createLog({ logLevel: "silent" });
  const post = postFor({ mail: undefined, dataDir: storage.options.dataDir }, { log, throttles, clock: clock.now });
  const { services, sockets, setupPath } = startFeatures(loaded, {
    ...{ database, post, clock: clock.now, site: () => "https://example.org" },
    config: { registration: "open", retention: { maxAge: undefined, perRoom: undefined }, quota: 1 },
  });
  expect(services.map(({ name }) => name).sort()).toEqual(["auth", "housekeeping", "users"]);
  expect(sockets).toEqual([]);
  expect(await setupPath()).toMatch(/^\/#setup=/);
  const broker = createBroker({ nats: undefined, nodeId: undefined }, log);
  for (const service of services) broker.createService(service);
  await broker.start();
  const account = { email: "ada@example.org", password: "correct horse battery", name: "Ada" };
  const { user } = await call(broker, "users.register", account);
  const { email, password } = account;
  const { accessToken } = await call(broker, "users.login", { email, password });
  expect(await call(broker, "auth.verifyToken", { token: accessToken })).toMatchObject({ id: user.id });
  // one store for all who open it
  expect(database.open(usersStore)).toBe(database.open(usersStore));
  const tables = (await database.db.introspection.getTables()).map(({ name }) => name);
  expect(tables).toContain("sessions");
  const others = features.filter(({ name }) => !KIT.includes(name)).map(({ name }) => name as string);
  const { rows } = await sql<{ name: string }>`select name from kysely_migration`.execute(database.db);
  expect(rows.filter(({ name }) => others.some((other) => name.startsWith(`${other}_`)))).toEqual([]);
  expect(rows.map(({ name }) => name)).toContain("auth_0001_sessions");
  await broker.stop();
  await post.stop();
  await database.close();
  await storage.remove();
});
