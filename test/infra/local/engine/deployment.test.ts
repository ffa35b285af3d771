import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "@jest/globals";
import { type LocalApi, startApi } from "../../../../infra/local/api/index.ts";
import type { Declaration } from "../../../../infra/local/engine/declaration.ts";
import { StackDeployment } from "../../../../infra/local/engine/deployment.ts";
import { createSecretCipher } from "../../../../infra/local/engine/sealing.ts";
import { StackState } from "../../../../infra/local/engine/stack-state.ts";
import { Secret, UNKNOWN } from "../../../../infra/local/engine/values.ts";
import { createProvider } from "../../../../infra/local/provider/index.ts";

const RECORD = "cloudflare:index/dnsRecord:DnsRecord";
const RULESET = "cloudflare:index/ruleset:Ruleset";
const TUNNEL = "cloudflare:index/zeroTrustTunnelCloudflared:ZeroTrustTunnelCloudflared";
const SETTING = "cloudflare:index/zoneSetting:ZoneSetting";

let folder: string;
let file: string;
let api: LocalApi;
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "causeway-engine-"));
  file = join(folder, "stack.json");
  api = await startApi({ seed: { zones: [{ name: "example.com" }] } });
});
afterEach(async () => {
  await api.close();
  rmSync(folder, { recursive: true });
});

const openState = (): StackState => new StackState(file, createSecretCipher(`${file}.key`));
const begin = (preview = false): StackDeployment =>
  new StackDeployment({
    state: openState(),
    provider: createProvider({ apiToken: api.token, baseURL: api.url }),
    preview,
  });
/** One whole run: what is declared is registered in order, the rest deleted. */
async function run(...declarations: readonly Declaration[]): Promise<string[]> {
  const deployment = begin();
  for (const declaration of declarations) await deployment.register(declaration);
  await deployment.deleteOthers();
  return deployment.steps.map(({ op, name }) => `${op} ${name}`);
}

function declare(
  type: string,
  name: string,
  inputs: Declaration["inputs"],
  options: Partial<Declaration> = {},
): Declaration {
  return {
    urn: `urn:pulumi:test::causeway::${type}::${name}`,
    type,
    name,
    inputs,
    dependencies: [],
    protect: false,
    retainOnDelete: false,
    deleteBeforeReplace: false,
    ignoreChanges: [],
    secretOutputs: [],
    importId: "",
    ...options,
  };
}
const record = (name: string, inputs: Declaration["inputs"] = {}, options: Partial<Declaration> = {}): Declaration =>
  declare(
    RECORD,
    name,
    { zoneId: api.zoneId, name: `${name}.example.com`, type: "A", content: "192.0.2.1", ttl: 300, ...inputs },
    options,
  );
const rulesetNamed = (name: string, options: Partial<Declaration> = {}): Declaration =>
  declare(
    RULESET,
    "rules",
    { zoneId: api.zoneId, kind: "zone", phase: "http_ratelimit", name, description: "", rules: [] },
    options,
  );
const written = (): string[] =>
  api.journal
    .filter(({ method }) => method !== "GET")
    .map(({ method, path }) => `${method} ${path.replaceAll(/[0-9a-f]{32}/g, "ID")}`);

test("create, same, update, delete: each is saved, and only differences are sent", async () => {
  expect(await run(record("a"), record("b"))).toEqual(["create a", "create b"]);
  expect(await run(record("a"), record("b"))).toEqual(["same a", "same b"]);
  expect(await run(record("a", { ttl: 600 }), record("b"))).toEqual(["update a", "same b"]);
  expect(await run(record("a", { ttl: 600 }))).toEqual(["same a", "delete b"]);
  expect(written()).toEqual([
    "POST /zones/ID/dns_records",
    "POST /zones/ID/dns_records",
    "PUT /zones/ID/dns_records/ID",
    "DELETE /zones/ID/dns_records/ID",
  ]);
});

test("what was changed by hand is put back, what was deleted by hand is made again", async () => {
  await run(record("a"), record("b"));
  const [a, b] = openState().resources;
  const provider = createProvider({ apiToken: api.token, baseURL: api.url }).resource(RECORD);
  if (!a || !b || !provider) throw new Error("nothing was created");
  await provider.update(a.id, a.inputs, { ...a.inputs, content: "198.51.100.9" });
  await provider.delete(b.id, b.inputs);
  expect(await run(record("a"), record("b"))).toEqual(["update a", "create b"]);
});

test("a preview writes neither to the API nor to the state, and knows no ids", async () => {
  await run(record("a"));
  const [before, calls] = [readFileSync(file, "utf8"), written()];
  const deployment = begin(true);
  expect(await deployment.register(record("b", { content: UNKNOWN }))).toMatchObject({ id: undefined });
  expect(await deployment.register(record("a", { ttl: 60 }))).toMatchObject({ id: openState().resources[0]?.id });
  await deployment.deleteOthers();
  expect(deployment.steps.map(({ op, name }) => `${op} ${name}`)).toEqual(["create b", "update a"]);
  expect(readFileSync(file, "utf8")).toBe(before);
  expect(written()).toEqual(calls);
});

test("deleteBeforeReplace: the old ruleset goes before the new one comes, since a phase has one", async () => {
  const options = { deleteBeforeReplace: true };
  await run(rulesetNamed("one", options));
  expect(await run(rulesetNamed("two", options))).toEqual(["replace rules"]);
  expect(written().slice(1)).toEqual(["DELETE /zones/ID/rulesets/ID", "POST /zones/ID/rulesets"]);
  await expect(run(rulesetNamed("three"))).rejects.toThrow(/20217/);
});

test("otherwise the new one comes first, and the old one goes at the end, in a later run if need be", async () => {
  await run(record("a"));
  const deployment = begin();
  await deployment.register(record("a", { type: "AAAA", content: "2001:db8::1" }));
  expect(openState().resources.map(({ superseded }) => superseded)).toEqual([true, false]);
  // the run ends here, as if it were killed
  expect(await run(record("a", { type: "AAAA", content: "2001:db8::1" }))).toEqual(["same a", "delete a"]);
  expect(written().slice(1)).toEqual(["POST /zones/ID/dns_records", "DELETE /zones/ID/dns_records/ID"]);
});

test("what depends on others is deleted before them", async () => {
  const a = record("a");
  const b = record("b", {}, { dependencies: [a.urn] });
  await run(a, b);
  // now the other way round, which the order of creation does not know
  await run(record("b"), record("a", {}, { dependencies: [b.urn] }));
  expect(await run()).toEqual(["delete a", "delete b"]);
});

test("ignored changes are not sent, and keep the value that is there", async () => {
  const tunnel = (name: string) =>
    declare(
      TUNNEL,
      "tunnel",
      { accountId: api.accountId, name, configSrc: "cloudflare" },
      { ignoreChanges: ["name", "tunnelSecret"] },
    );
  await run(tunnel("one"));
  expect(await run(tunnel("two"))).toEqual(["same tunnel"]);
  expect(openState().resources[0]?.inputs.name).toBe("one");
});

test("a stash keeps its first value in the state, without a call of the API", async () => {
  const stash = (input: string, ignoreChanges: readonly string[] = []) =>
    declare("pulumi:index:Stash", "kept", { input }, { ignoreChanges });
  const kept = () => openState().resources.map(({ inputs, outputs }) => [inputs.input, outputs.output]);
  expect(await run(stash("one"))).toEqual(["create kept"]);
  expect(await run(stash("two", ["input"]))).toEqual(["same kept"]);
  expect(kept()).toEqual([["one", "one"]]);
  expect(await run(stash("two"))).toEqual(["update kept"]);
  expect(kept()).toEqual([["two", "one"]]);
  expect(await run()).toEqual(["delete kept"]);
  expect(api.journal).toEqual([]);
});

test("what is protected is neither deleted nor replaced until the protection is lifted", async () => {
  await run(record("a", {}, { protect: true }));
  await expect(run()).rejects.toMatchObject({ code: "PROTECTED" });
  await expect(run(record("a", { type: "AAAA", content: "::1" }, { protect: true }))).rejects.toMatchObject({
    code: "PROTECTED",
  });
  expect(await run(record("a"))).toEqual(["same a"]);
  expect(await run()).toEqual(["delete a"]);
});

test("import takes over what exists, changes it to what is declared, and does so once", async () => {
  await run(record("a"));
  const [existing] = openState().resources;
  rmSync(file);
  const taken = record("a", { ttl: 900 }, { importId: `${api.zoneId}/${existing?.id}`, retainOnDelete: true });
  expect(await run(taken)).toEqual(["import a", "update a"]);
  expect(openState().resources[0]?.id).toBe(existing?.id);
  expect(await run(taken)).toEqual(["same a"]);
  expect(await run()).toEqual(["forget a"]);
  expect(written().map((call) => call.split(" ")[0])).toEqual(["POST", "PUT"]);
});

test("an import of an object that does not exist is an error", async () => {
  const importId = `${api.zoneId}/${"0".repeat(32)}`;
  await expect(run(record("a", {}, { importId }))).rejects.toMatchObject({ code: "NOTHING_TO_IMPORT" });
});

test("a secret is in no file in plain text, and still compared", async () => {
  const secret = Buffer.from("0123456789abcdef0123456789abcdef").toString("base64");
  const tunnel = (value: string) =>
    declare(TUNNEL, "tunnel", {
      accountId: api.accountId,
      name: "t",
      configSrc: "cloudflare",
      tunnelSecret: new Secret(value),
    });
  await run(tunnel(secret));
  expect(readFileSync(file, "utf8")).not.toContain(secret);
  expect(openState().resources[0]?.inputs.tunnelSecret).toBeInstanceOf(Secret);
  expect(JSON.stringify(openState().resources)).not.toContain(secret);
  expect(await run(tunnel(secret))).toEqual(["same tunnel"]);
  expect(await run(tunnel(Buffer.alloc(32, 7).toString("base64")))).toEqual(["update tunnel"]);
  for (const path of [file, `${file}.key`]) expect(statSync(path).mode & 0o777).toBe(0o600);
});

test("a state that is cut off, of another kind, or without its key is refused, and left as it is", async () => {
  await run(
    declare(TUNNEL, "tunnel", {
      accountId: api.accountId,
      name: "t",
      configSrc: "cloudflare",
      tunnelSecret: new Secret(Buffer.alloc(32).toString("base64")),
    }),
  );
  const good = readFileSync(file, "utf8");
  for (const bad of [good.slice(0, -20), '{"version":1}', "[]", "null"]) {
    writeFileSync(file, bad);
    expect(openState).toThrow(expect.objectContaining({ code: "STATE_UNUSABLE" }));
    expect(readFileSync(file, "utf8")).toBe(bad);
  }
  writeFileSync(file, good);
  rmSync(`${file}.key`);
  expect(openState).toThrow(expect.objectContaining({ code: "STATE_UNUSABLE" }));
});

test("wrong inputs, unknown types and repeated names are reported before anything is sent", async () => {
  await expect(run(record("a", { ttl: "soon" }))).rejects.toMatchObject({
    code: "WRONG_INPUTS",
    message: expect.stringContaining("ttl"),
  });
  await expect(run(declare("cloudflare:index/queue:Queue", "q", {}))).rejects.toMatchObject({ code: "UNKNOWN_TYPE" });
  await expect(run(record("a"), record("a"))).rejects.toMatchObject({ code: "REPEATED_NAME" });
  expect(written()).toEqual(["POST /zones/ID/dns_records"]);
});

test("zone settings stay when they are no longer declared, and the run says so", async () => {
  await run(declare(SETTING, "websockets", { zoneId: api.zoneId, settingId: "websockets", value: "on" }));
  const deployment = begin();
  await deployment.deleteOthers();
  expect(deployment.warnings).toEqual([expect.stringMatching(/^websockets: /)]);
  expect(openState().resources).toEqual([]);
});
