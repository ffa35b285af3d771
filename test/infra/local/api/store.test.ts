/** The state file: private, replaced as a whole, never written over when it cannot be understood. */
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "@jest/globals";
import { createClock } from "../../../../infra/local/api/clock.ts";
import { seedState } from "../../../../infra/local/api/seed.ts";
import { draftOf, openStore } from "../../../../infra/local/api/store.ts";
import { blockRule, customRules, withApi } from "./client.ts";

let folder: string;
let file: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "api-state-"));
  file = join(folder, "deeper", "cloud.json");
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

test("after a restart ids, token, secrets and versions are the same", async () => {
  const before = await withApi({ file }, async (api, call) => {
    const { body } = await call("POST", `/accounts/${api.accountId}/cfd_tunnel`, { name: "one" });
    await call("POST", `/zones/${api.zoneId}/rulesets`, customRules([blockRule]));
    await call("PATCH", `/zones/${api.zoneId}/settings/ssl`, { value: "strict" });
    await call("POST", `/zones/${api.zoneId}/dns_records`, {
      type: "A",
      name: "a",
      content: "192.0.2.1",
      comment: "x",
    });
    return { token: api.token, tunnel: api.cloud.tunnel(body.result.id), zone: api.cloud.zoneOf(api.zoneName) };
  });
  const bytes = readFileSync(file);
  await withApi({ file, seed: { zones: [{ name: "ignored.example" }] } }, async (api, call) => {
    expect(api.token).toBe(before.token);
    expect(api.cloud.tunnel(before.tunnel?.id ?? "")).toEqual(before.tunnel);
    expect(api.cloud.zoneOf(api.zoneName)).toEqual(before.zone);
    await call("GET", `/zones/${api.zoneId}`);
  });
  expect(readFileSync(file)).toEqual(bytes);
  expect(statSync(file).mode & 0o777).toBe(0o600);
  expect(statSync(join(folder, "deeper")).mode & 0o777).toBe(0o700);
  expect(readdirSync(join(folder, "deeper"))).toEqual(["cloud.json"]);
});

const good = { format: "causeway-cloud", version: 1 };
test.each([
  ["no JSON", "{", "STATE_CORRUPT", "not JSON"],
  ["another file", '{"users":[]}', "STATE_CORRUPT", "users"],
  ["half a state", JSON.stringify(good), "STATE_CORRUPT", "accounts"],
  [
    "no account",
    JSON.stringify({ ...good, accounts: [], zones: [], tunnels: [], tokens: [] }),
    "STATE_CORRUPT",
    "at least one account",
  ],
  ["a newer state", JSON.stringify({ ...good, version: 2 }), "STATE_NEWER", "newer"],
])("a file that holds %s is refused with its name and left as it is", async (_name, text, code, said) => {
  mkdirSync(join(folder, "deeper"));
  writeFileSync(file, text);
  const start = withApi({ file }, async () => undefined);
  await expect(start).rejects.toMatchObject({ code, message: expect.stringContaining(file) });
  await expect(start).rejects.toThrow(said);
  expect(readFileSync(file, "utf8")).toBe(text);
});

test("a file that cannot be read is refused", async () => {
  mkdirSync(file, { recursive: true });
  await expect(withApi({ file }, async () => undefined)).rejects.toMatchObject({ code: "STATE_UNREADABLE" });
});

test("a change that cannot be stored is undone", async () => {
  await withApi({ file }, async (api, call) => {
    const before = readFileSync(file);
    // a folder where the new file should be written first
    mkdirSync(`${file}.${process.pid}.new`);
    const path = `/accounts/${api.accountId}/cfd_tunnel`;
    const reply = await call("POST", path, { name: "one" });
    expect([reply.status, reply.body.success, reply.body.errors[0]?.message]).toEqual([
      500,
      false,
      expect.stringContaining("could not be written"),
    ]);
    expect((await call("GET", path)).body.result).toEqual([]);
    expect(readFileSync(file)).toEqual(before);
    rmSync(`${file}.${process.pid}.new`, { recursive: true, force: true });
    expect((await call("POST", path, { name: "one" })).status).toBe(200);
  });
});

test("a state that the next start would refuse is not stored", () => {
  const store = openStore(file, () => seedState({}, createClock(Date.now)));
  const before = readFileSync(file);
  const draft = draftOf(store.state);
  draft.tokens.push({ id: "not an id", value: "x".repeat(40), account_id: "0".repeat(32), permissions: [] });
  expect(() => store.commit(draft)).toThrow("/tokens/1/id is not an id of 32 hex digits");
  expect([store.state.tokens.length, readFileSync(file)]).toEqual([1, before]);
});
