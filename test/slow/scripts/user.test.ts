import { execFile } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { openStore } from "../../backend/store/open-store.ts";

const script = fileURLToPath(new URL("../../../scripts/run.mjs", import.meta.url));
let dataDir: string;

const run = (args: readonly string[], variables: Readonly<Record<string, string>>) =>
  new Promise<{ code: number; out: string; err: string }>((resolve) => {
    const env = { ...process.env, DATA_DIR: dataDir, ...variables };
    execFile(process.execPath, [script, "user", ...args], { env }, (error, out, err) => {
      resolve({ code: error ? Number(error.code) : 0, out, err });
    });
  });
const user = (...args: string[]) => run(args, {});

beforeAll(async () => {
  dataDir = mkdtempSync(join(tmpdir(), "causeway-user-"));
  const store = await openStore({ dataDir });
  const facts = { passwordHash: "", role: "user", disabledAt: null } as const;
  await store.users.create({ id: "1", email: "ada@example.org", name: "Ada", createdAt: 0, ...facts });
  await store.users.create({ id: "2", email: "bob.long@example.org", name: "Bob", createdAt: 1000, ...facts });
  await store.close();
});
afterAll(() => rmSync(dataDir, { recursive: true }));

test("sets a role and lists the users", async () => {
  const set = await user("role", "ADA@example.org", "moderator");
  expect(set).toEqual({ code: 0, out: expect.stringContaining("ada@example.org has the role moderator"), err: "" });
  expect((await user("list")).out).toBe(
    "ada@example.org       moderator  1970-01-01T00:00:00.000Z  Ada\n" +
      "bob.long@example.org  user       1970-01-01T00:00:01.000Z  Bob\n",
  );
});

test("S4: the last administrator who can sign in keeps the role, also when two commands run at once", async () => {
  for (const email of ["ada@example.org", "bob.long@example.org"]) await user("role", email, "admin");
  const both = await Promise.all(["ada", "bob.long"].map((name) => user("role", `${name}@example.org`, "user")));
  expect(both.map(({ code }) => code).toSorted()).toEqual([0, 1]);
  expect(both.map(({ err }) => err).join("")).toMatch(
    /^user: (ada|bob\.long)@example\.org is the last administrator who can sign in, and keeps the role\. .*\n$/,
  );
  expect((await user("list")).out.match(/ admin /g)).toHaveLength(1);
});

test.each([
  [
    ["role", "ada@example.org", "root"],
    2,
    "'root' is invalid for argument 'role'. It must be one of user, moderator, admin.",
  ],
  [["role", "eve@example.org", "user"], 1, "no user has the e-mail address eve@example.org."],
  [["role", "ada@example.org"], 2, "missing required argument 'role'"],
  [["list", "all"], 2, "too many arguments for 'list'. Expected 0 arguments but got 1: all."],
  [[], 2, "Usage: npm run user -- [options] [command]"],
])("%j is refused with what to do", async (args, exitCode, message) => {
  const { code, out, err } = await user(...args);
  expect({ code, out }).toEqual({ code: exitCode, out: "" });
  expect(err).toContain(message);
});

test("O19: a wrong environment is a wrong use, and names every variable", async () => {
  const { code, out, err } = await run(["list"], { PORT: "http", DRAIN_SECONDS: "soon" });
  expect({ code, out }).toEqual({ code: 2, out: "" });
  expect(err).toMatch(
    /^user: The environment is not usable:\n {2}- PORT must be .*\n {2}- DRAIN_SECONDS must be .*\n$/,
  );
});

test("O17: a database that cannot be used is one clear line", async () => {
  const before = dataDir;
  dataDir = mkdtempSync(join(tmpdir(), "causeway-user-"));
  writeFileSync(join(dataDir, "causeway.db"), "this is no database ".repeat(100));
  const { code, err } = await user("list");
  rmSync(dataDir, { recursive: true });
  dataDir = before;
  expect(code).toBe(1);
  expect(err).toMatch(/^user: cannot open the database .*causeway\.db: .*\n$/);
});
