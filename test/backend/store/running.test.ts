import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readdirSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { DatabaseSync } from "node:sqlite";
import { afterEach, beforeEach, expect, test } from "@jest/globals";
import { backUp, restore } from "../../../backend/store/backup.ts";
import { createWriteCheck } from "../../../backend/store/write-check.ts";
import { FEATURES, openStore } from "./open-store.ts";
import { addUsers } from "./rows.ts";

/*
 * What a running backend does with the embedded database that a command beside it does not.
 */

let dataDir: string;
beforeEach(() => {
  dataDir = mkdtempSync(join(tmpdir(), "causeway-running-"));
});
const children: ChildProcess[] = [];
afterEach(() => {
  for (const child of children.splice(0)) child.kill("SIGKILL");
  rmSync(dataDir, { recursive: true, force: true });
});

const openForBackend = () => openStore({ dataDir, isBackend: true });
const file = () => join(dataDir, "causeway.db");

/** A backend's store in a process of its own; resolves when it is open. */
async function openElsewhere(): Promise<ChildProcess> {
  const module = new URL("./open-store.ts", import.meta.url).href;
  const program = `const { openStore } = await import(${JSON.stringify(module)});
    try {
      await openStore({ dataDir: ${JSON.stringify(dataDir)}, isBackend: true });
      console.log("open");
      setInterval(() => {}, 1000);
    } catch (error) {
      console.log(error.code);
    }`;
  const child = spawn(process.execPath, ["--input-type=module", "-e", program], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  children.push(child);
  const [line] = await once(createInterface({ input: child.stdout }), "line");
  expect(line).toBe("open");
  return child;
}

test("O18: a second backend on one embedded database is refused, in the same process and in another one", async () => {
  const store = await openForBackend();
  const refused = {
    code: "STORE_IN_USE",
    message: expect.stringMatching(/^another backend uses the database in .*DATA_DIR/),
  };
  await expect(openForBackend()).rejects.toMatchObject(refused);
  await expect(openElsewhere()).rejects.toThrow("STORE_IN_USE");
  await addUsers(store, "ada"); // the refused ones took nothing from the one that runs
  await expect(openForBackend()).rejects.toMatchObject(refused);
  await store.close();
  await (await openForBackend()).close();
  expect(readdirSync(dataDir).sort()).toEqual(["backend.lock", "causeway.db"]);
  expect(statSync(join(dataDir, "backend.lock"))).toMatchObject({ size: 0, mode: 0o100600 });
});

test("O18: kill -9 gives the database free", async () => {
  const child = await openElsewhere();
  await expect(openForBackend()).rejects.toMatchObject({ code: "STORE_IN_USE" });
  child.kill("SIGKILL");
  await once(child, "exit");
  await (await openForBackend()).close();
});

test("O18: a command works beside a running backend", async () => {
  const backend = await openForBackend();
  const command = await openStore({ dataDir });
  await addUsers(command, "ada");
  await command.close();
  expect(await backend.users.list(10)).toHaveLength(1);
  await backend.close();
});

test("a start that fails keeps no lock", async () => {
  writeFileSync(file(), "not a database, and long enough to look like one ".repeat(30));
  await expect(openForBackend()).rejects.toMatchObject({ code: "STORE_UNAVAILABLE" });
  rmSync(file());
  await (await openForBackend()).close();
});

const losses: [string, () => void][] = [
  ["deleted", () => rmSync(file())],
  ["moved away", () => renameSync(file(), join(dataDir, "elsewhere.db"))],
  [
    "replaced",
    () => {
      writeFileSync(`${file()}.new`, "");
      renameSync(`${file()}.new`, file());
    },
  ],
  [
    "deleted with its log",
    () => {
      for (const name of ["causeway.db", "causeway.db-wal", "causeway.db-shm"]) rmSync(join(dataDir, name));
    },
  ],
  ["without its log", () => rmSync(`${file()}-wal`)],
];

test.each(losses)("O14: a database that was %s is noticed, and nothing acknowledged is lost", async (_, lose) => {
  const store = await openForBackend();
  await addUsers(store, "before");
  lose();
  await addUsers(store, "after");
  const problem = await store.lost;
  await addUsers(store, "last");
  await store.close();
  expect(problem).toMatchObject({
    code: "STORE_LOST",
    message: expect.stringMatching(/was deleted or replaced while/),
  });
  const rescued = /npm run restore -- (.*)$/.exec(problem.message)?.[1] ?? "";
  expect(statSync(rescued).mode & 0o777).toBe(0o600);
  const copy = new DatabaseSync(rescued, { readOnly: true });
  expect(
    copy
      .prepare("select id from users order by id")
      .all()
      .map(({ id }) => id),
  ).toEqual(["after", "before", "last"]);
  copy.close();
});

test("O14: a backend that is started again does not begin with an empty database; the saved one can be put back", async () => {
  const store = await openForBackend();
  await addUsers(store, "ada");
  rmSync(file());
  const { message } = await store.lost;
  await store.close();
  await expect(openForBackend()).rejects.toMatchObject({
    code: "STORE_LOST",
    message: expect.stringMatching(/^there is no .*causeway\.db, but a copy of it, rescued-.*npm run restore/),
  });
  restore(dataDir, /npm run restore -- (.*)$/.exec(message)?.[1] ?? "", FEATURES);
  const again = await openForBackend();
  expect(await again.users.list(10)).toHaveLength(1);
  await again.close();
});

test("O14: with the whole folder deleted the backend still stops, and says that nothing could be saved", async () => {
  const store = await openForBackend();
  rmSync(dataDir, { recursive: true });
  await store.lost;
  await expect(store.close()).rejects.toMatchObject({
    code: "STORE_LOST",
    message: expect.stringMatching(/could not be saved/),
  });
  expect(existsSync(dataDir)).toBe(false);
});

test.each([0, 8, 64, 96])("O14: a start that can write %d KiB to a file at most is one clear message", (size) => {
  const module = new URL("./open-store.ts", import.meta.url).href;
  const program = `const { openStore, StoreError } = await import(${JSON.stringify(module)});
    try {
      await openStore({ dataDir: ${JSON.stringify(dataDir)}, isBackend: true });
    } catch (error) {
      console.log(error instanceof StoreError, error.message);
    }`;
  const limited = `ulimit -f ${size * 2} && exec "$0" --input-type=module -e "$1"`;
  const ran = spawnSync("sh", ["-c", limited, process.execPath, program], { encoding: "utf8", timeout: 20_000 });
  expect(ran.stdout).toMatch(/^true .*(?:too large|full|disk I\/O error|EFBIG).*free space/);
  expect(ran.stderr).toBe("");
});

test("O14: whether the database can be written is found out by one write in five seconds, however many ask", async () => {
  let now = 0;
  let writes = 0;
  let outcome = Promise.resolve();
  const check = createWriteCheck(
    () => {
      writes += 1;
      return outcome;
    },
    () => now,
  );
  await Promise.all(Array.from({ length: 50 }, check));
  expect(writes).toBe(1);
  now = 4999;
  await check();
  expect(writes).toBe(1);
  now = 5000;
  outcome = Promise.reject(new Error("full"));
  await expect(check()).rejects.toThrow("full");
  now = 9999;
  await expect(check()).rejects.toThrow("full");
  expect(writes).toBe(2);
  // one that does not end is not joined by a second one
  now = 10_000;
  let end = () => {};
  outcome = new Promise((resolve) => {
    end = resolve;
  });
  const [first, second] = [check(), check()];
  now = 90_000;
  const third = check();
  end();
  await Promise.all([first, second, third]);
  expect(writes).toBe(3);
});

test("O14: the log of a database that was deleted is not written into the restored one", async () => {
  const store = await openForBackend();
  await addUsers(store, "ada");
  const saved = join(dataDir, "saved.db");
  await backUp(dataDir, saved);
  await addUsers(store, "later");
  rmSync(file());
  await store.lost;
  await store.close();
  expect(existsSync(`${file()}-wal`)).toBe(true);
  restore(dataDir, saved, FEATURES);
  const copy = new DatabaseSync(file());
  expect(copy.prepare("select id from users").all()).toMatchObject([{ id: "ada" }]);
  copy.close();
  expect(readdirSync(dataDir).filter((name) => /^before-restore-.*\.db-wal$/.test(name))).toHaveLength(1);
});
