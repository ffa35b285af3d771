import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterEach, beforeEach, expect, test } from "@jest/globals";
import Cloudflare from "cloudflare";
import { type LocalApi, startApi } from "../../../../../infra/local/api/index.ts";
import { ApplyError, type ApplyOptions, applyProgram } from "../../../../../infra/local/engine/index.ts";

// each run loads Pulumi's SDK anew, which takes its time where other work goes on beside it

let folder: string;
let api: LocalApi;
let options: ApplyOptions;
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "causeway-apply-"));
  api = await startApi();
  options = {
    project: "causeway",
    stack: "local",
    config: { "causeway:zone": api.zoneName, "causeway:hostnames": `chat.${api.zoneName}` },
    stateFile: join(folder, "stack.json"),
    api: { url: api.url, token: api.token },
  };
});
afterEach(async () => {
  await api.close();
  rmSync(folder, { recursive: true });
});

const apply = (of: Partial<ApplyOptions> = {}) =>
  // a run that deletes what it has just written fails the test
  api.run("apply", () => applyProgram({ ...options, ...of }));
const steps = async (of: Partial<ApplyOptions> = {}): Promise<string[]> =>
  (await apply(of)).steps.map(({ op, name }) => `${op} ${name}`).sort();
const failure = async (of: Partial<ApplyOptions> = {}): Promise<ApplyError> => {
  const error = await apply(of).then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!(error instanceof ApplyError)) throw new Error(`no ApplyError but ${error}`);
  return error;
};
const ALL = [
  "chat.causeway.localhost",
  "guard",
  "http_ratelimit",
  "http_request_cache_settings",
  "http_request_dynamic_redirect",
  "http_request_firewall_custom",
  "tunnel",
  "tunnel-config",
];
const every = (op: string, ...more: readonly string[]): string[] =>
  [...ALL, ...more].map((name) => `${op} ${name}`).sort();
const writes = (from = 0): string[] =>
  api.journal
    .slice(from)
    .filter(({ method, dryRun }) => method !== "GET" && !dryRun)
    .map(
      ({ method, path, status }) =>
        `${method} ${path
          .split("/")
          .slice(3)
          .join("/")
          .replaceAll(/[0-9a-f-]{32,36}/g, "ID")} ${status}`,
    );

test("the program is applied: the rules before the hostname, the token secret; a second run only reads, and so does a preview", async () => {
  const first = await applyProgram(options);
  expect(first.steps.map(({ op, name }) => `${op} ${name}`).sort()).toEqual(every("create"));
  expect(writes().sort()).toEqual([
    "POST cfd_tunnel 200",
    "POST dns_records 200",
    "POST rulesets 200",
    "POST rulesets 200",
    "POST rulesets 200",
    "POST rulesets 200",
    "PUT cfd_tunnel/ID/configurations 200",
  ]);
  const order = api.journal.filter(({ method }) => method === "POST").map(({ path }) => path.split("/").at(-1));
  expect(order.at(-1)).toBe("dns_records");

  expect(first.outputs).toMatchObject({
    hostnames: ["chat.causeway.localhost"],
    plan: "free",
    report: {
      deployed: expect.arrayContaining([
        expect.stringMatching(/^http_ratelimit credential_rate: Limit credential .*20/),
      ]),
      notAtTheEdge: expect.arrayContaining([
        expect.stringMatching(/^rate limit read_rate: .*; the gateway enforces it$/),
      ]),
    },
  });
  const tunnel = api.cloud.tunnel(String(first.outputs.tunnelId));
  const token = Buffer.from(JSON.stringify({ a: api.accountId, t: tunnel?.id, s: tunnel?.secret.toString("base64") }));
  expect(first.secrets).toEqual({ tunnelToken: token.toString("base64") });
  expect(JSON.stringify(first.outputs)).not.toContain(first.secrets.tunnelToken);
  expect(readFileSync(options.stateFile, "utf8")).not.toContain(tunnel?.secret.toString("base64"));
  expect(statSync(options.stateFile).mode & 0o777).toBe(0o600);

  const state = readFileSync(options.stateFile, "utf8");
  const calls = api.journal.length;
  const second = await applyProgram(options);
  expect(second.steps.map(({ op, name }) => `${op} ${name}`).sort()).toEqual(every("same"));
  expect(writes(calls)).toEqual([]);
  expect(second.outputs).toEqual(first.outputs);
  expect(readFileSync(options.stateFile, "utf8")).toBe(state);

  // a preview shows what would be done and does none of it
  const config = { ...options.config, "causeway:hostnames": `www.${api.zoneName}` };
  expect(await steps({ preview: true, config })).toEqual([
    "create www.causeway.localhost",
    "delete chat.causeway.localhost",
    "same guard",
    "same http_ratelimit",
    "same tunnel",
    "update http_request_cache_settings",
    "update http_request_dynamic_redirect",
    "update http_request_firewall_custom",
    "update tunnel-config",
  ]);
  expect(writes(calls)).toEqual([]);
  expect(readFileSync(options.stateFile, "utf8")).toBe(state);
});

test("what an API refuses stops the run with one message that tells its kind; the next run goes on from there", async () => {
  api.faults.next({ method: "POST", path: /rulesets/ }, { status: 429, headers: { "retry-after": "300" } });
  expect(await failure()).toMatchObject({ code: "API_THROTTLED" });
  api.faults.next(
    { method: "POST", path: /dns_records/ },
    { status: 403, code: 10000, message: "Authentication error" },
  );
  const error = await failure();
  expect(error.message).toMatch(/^DnsRecord "chat\.causeway\.localhost": .*403 Forbidden .*Authentication error/);
  expect(error.message.split("\n")).toHaveLength(1);
  expect(error.steps.map(({ op, name }) => `${op} ${name}`)).toContain("create tunnel-config");
  const calls = api.journal.length;
  expect(await steps()).toEqual(["create chat.causeway.localhost", "create guard", ...every("same").slice(2)]);
  expect(writes(calls)).toEqual(["POST dns_records 200"]);
});

test("an object whose creation lost its response is found by its mark, and nothing is made twice", async () => {
  api.faults.next({ method: "POST", path: /rulesets/ }, "lost");
  api.faults.next({ method: "POST", path: /cfd_tunnel/ }, "lost");
  await failure();
  const repaired = await steps();
  expect(repaired.filter((step) => step.startsWith("import"))).not.toEqual([]);
  expect(repaired.map((step) => step.split(" ")[1])).toEqual(expect.arrayContaining(ALL));
  expect(api.cloud.zoneOf("chat.causeway.localhost")).toMatchObject({
    records: { length: 1 },
    rulesets: { length: 4 },
  });
});

test("P0: an edited comment and description are drift, which is put back; adopting them changes nothing", async () => {
  await applyProgram(options);
  const cloudflare = new Cloudflare({ apiToken: api.token, baseURL: api.url, logLevel: "off" });
  const { records, rulesets } = api.cloud.zoneOf(api.zoneName) ?? { records: [], rulesets: [] };
  const [record] = records;
  const ruleset = rulesets.find(({ phase }) => phase === "http_request_firewall_custom");
  if (record === undefined || ruleset === undefined) throw new Error("nothing was deployed");
  const comment = "edited in the dashboard";
  const edit = async () => {
    const { id, phase, kind, name, rules } = ruleset;
    await cloudflare.dns.records.edit(record.id, {
      zone_id: api.zoneId,
      type: "CNAME",
      name: record.name,
      ttl: 1,
      comment,
    });
    const body = { phase, kind, name, rules, description: comment };
    await cloudflare.put(`/zones/${api.zoneId}/rulesets/${id}`, { body });
    return api.journal.length;
  };
  const repaired = ["PUT dns_records/ID 200", "PUT rulesets/ID 200"];
  let calls = await edit();
  await applyProgram(options);
  expect(writes(calls).sort()).toEqual(repaired);
  expect(api.cloud.zoneOf(api.zoneName)?.records).toMatchObject([
    { id: record.id, comment: "causeway causeway/local" },
  ]);

  // the line that earlier versions printed for what is the stack's own
  const { id, name, rules } = ruleset;
  const adopt = {
    records: { [record.name]: record.id },
    rulesets: { http_request_firewall_custom: { id, name, description: comment, rules } },
  };
  calls = await edit();
  const config = { ...options.config, "causeway:adopt": JSON.stringify(adopt) };
  expect(await steps({ config })).not.toContainEqual(expect.stringMatching(/^(import|replace|delete)/));
  expect(writes(calls).sort()).toEqual(repaired);
  expect(await steps({ config })).toEqual(
    every("same", "as-found:chat.causeway.localhost", "as-found:http_request_firewall_custom"),
  );
});

test("a tunnel deleted by hand, which can still be read, is made again, and the hostname leads to the new one", async () => {
  const { tunnelId: old } = (await applyProgram(options)).outputs;
  const cloudflare = new Cloudflare({ apiToken: api.token, baseURL: api.url, logLevel: "off" });
  await cloudflare.zeroTrust.tunnels.cloudflared.delete(String(old), { account_id: api.accountId });
  // an API that breaks in the middle is reported as that, and the next run goes on
  api.faults.next({ method: "PUT", path: /configurations/ }, { status: 500, headers: { "x-should-retry": "false" } });
  expect(await failure()).toMatchObject({ code: "API_FAILED" });
  const { tunnelId } = (await applyProgram(options)).outputs;
  expect(tunnelId).not.toBe(old);
  expect(api.cloud.zoneOf(`chat.${api.zoneName}`)?.records.map(({ content }) => content)).toEqual([
    `${tunnelId}.cfargotunnel.com`,
  ]);
  expect(api.cloud.tunnel(String(tunnelId))?.config?.ingress).toContainEqual(
    expect.objectContaining({ hostname: `chat.${api.zoneName}` }),
  );
  expect(await steps()).toEqual(every("same"));
});

test("what was there before is taken over as preflight suggests: its name and rules stay, and it is imported once", async () => {
  const cloudflare = new Cloudflare({ apiToken: api.token, baseURL: api.url, logLevel: "off" });
  const theirs = {
    ref: "theirs",
    description: "",
    expression: 'http.host eq "shop.causeway.localhost"',
    action: "block",
  } as const;
  await cloudflare.rulesets.create({
    zone_id: api.zoneId,
    kind: "zone",
    name: "default",
    phase: "http_request_firewall_custom",
    rules: [theirs],
  });
  const from_value = { target_url: { value: "https://example.org/" }, status_code: 302 } as const;
  await cloudflare.rulesets.create({
    zone_id: api.zoneId,
    kind: "zone",
    name: "moved",
    phase: "http_request_dynamic_redirect",
    rules: [{ ...theirs, action: "redirect", action_parameters: { from_value } }],
  });
  await cloudflare.dns.records.create({
    zone_id: api.zoneId,
    type: "CNAME",
    name: "chat.causeway.localhost",
    content: "old.example.com",
    ttl: 300,
  });
  const { message } = await failure();
  const adopt = /causeway:adopt: (.*)/.exec(message)?.[1] ?? "";
  const config = { ...options.config, "causeway:adopt": adopt };
  const done = await steps({ config });
  expect(done).toEqual(
    expect.arrayContaining([
      "import chat.causeway.localhost",
      "import http_request_dynamic_redirect",
      "import http_request_firewall_custom",
      "update chat.causeway.localhost",
      "update http_request_firewall_custom",
      "create tunnel",
    ]),
  );
  const zone = api.cloud.zoneOf("chat.causeway.localhost");
  const ruleset = zone?.rulesets.find(({ phase }) => phase === "http_request_firewall_custom");
  expect(ruleset?.name).toBe("default");
  expect(ruleset?.rules.map(({ ref }) => ref)).toEqual(["theirs", "scanner_paths", "plain_http", "not_in_surface"]);
  const redirects = zone?.rulesets.find(({ phase }) => phase === "http_request_dynamic_redirect")?.rules;
  expect(redirects?.map(({ ref }) => ref)).toEqual(["theirs", "to_https"]);
  expect(redirects?.[0]?.action_parameters).toMatchObject({ from_value });
  expect(zone?.records.map(({ content }) => content)).toEqual([expect.stringMatching(/\.cfargotunnel\.com$/)]);
  const names = ["chat.causeway.localhost", "http_request_dynamic_redirect", "http_request_firewall_custom"];
  expect(await steps({ config })).toEqual(every("same", ...names.map((name) => `as-found:${name}`)));
});

test("a configuration and an account that are not ready are told before anything is created", async () => {
  expect(await failure({ config: {} })).toMatchObject({
    code: "CONFIG_INVALID",
    message: expect.stringMatching(/causeway:zone: got nothing.*\n.*causeway:hostnames: got nothing/),
  });
  const other = await failure({ api: { url: api.url, token: "not-a-token-of-this-account-0123456789ab" } });
  expect(other).toMatchObject({ code: "PREFLIGHT", message: expect.stringContaining("does not accept the API token") });
});

test.each([
  ["does not parse", "export const name = 1;\nconst = ;\n", /policy\.ts:2: .*Expected/],
  ["imports what is not there", 'import { no } from "node:path";\nno();\n', /policy\.ts:1: .*named 'no'/],
  ["throws", "\n\nthrow new TypeError('of a kind');\n", /policy\.ts:3: of a kind/],
])("a program that %s is told with file and line", async (_name, text, message) => {
  const file = join(folder, "policy.ts");
  writeFileSync(file, text);
  expect(await failure({ program: pathToFileURL(file) })).toMatchObject({
    code: "PROGRAM_FAILED",
    message: expect.stringMatching(message),
  });
});

test("an error that no code of the program awaits is reported; what was under way is finished and saved", async () => {
  const error = await failure({
    program: new URL("./programs/throws-under-way.ts", import.meta.url),
    config: { "causeway:zoneId": api.zoneId },
  });
  expect(error.message).toContain("the program went wrong");
  const made = writes().length;
  expect(readFileSync(options.stateFile, "utf8").includes("websockets")).toBe(made === 1);
});

test("P6: tags of a record survive: set by hand, after a lost state, and of an adopted record", async () => {
  const cloudflare = new Cloudflare({ apiToken: api.token, baseURL: api.url, logLevel: "off" });
  const zone_id = api.zoneId;
  const name = `chat.${api.zoneName}`;
  const record = () => api.cloud.zoneOf(api.zoneName)?.records[0];
  const theirs = await cloudflare.dns.records.create({
    zone_id,
    type: "CNAME",
    name,
    content: "elsewhere.example",
    ttl: 1,
    tags: ["team:web", "by:hand"],
  });
  const adopt = { records: { [name]: theirs.id }, rulesets: {} };
  const config = { ...options.config, "causeway:adopt": JSON.stringify(adopt) };
  await steps({ config });
  expect(record()).toMatchObject({ id: theirs.id, proxied: true, tags: ["by:hand", "team:web"] });

  await cloudflare.dns.records.edit(theirs.id, {
    zone_id,
    type: "CNAME",
    name,
    ttl: 1,
    tags: ["new:one"],
    comment: "x",
  });
  await steps({ config });
  expect(record()).toMatchObject({ tags: ["new:one"], comment: "causeway causeway/local" });

  rmSync(options.stateFile);
  expect(await steps()).toContain(`import ${name}`);
  expect(record()).toMatchObject({ id: theirs.id, tags: ["new:one"] });
  expect(await steps()).not.toContainEqual(expect.stringMatching(/^(import|update|replace|delete)/));
});
