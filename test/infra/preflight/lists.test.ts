/** Who made a list: the stack, another stack, or a person by hand. */
import { expect, test } from "@jest/globals";
import type Cloudflare from "cloudflare";
import type { Site } from "../../../infra/policy/index.ts";
import { preflight } from "../../../infra/preflight/index.ts";
import { findLists } from "../../../infra/preflight/lists.ts";
import { api, client, obstaclesOf, setUp, site, start } from "./account-stage.ts";
import { OFFICE, withLists } from "./with-lists.ts";

const options = { policyOf: withLists() };
const MINE = "causeway causeway/test example.com: who may see /admin";

async function make(description: string, kind: "ip" | "hostname" = "ip", ...ips: string[]): Promise<string> {
  const { lists } = client().rules;
  const account_id = api.accountId;
  let made = "";
  await setUp(async () => {
    made = (await lists.create({ account_id, name: "office", kind, description })).id;
    if (ips.length > 0) await lists.items.update(made, { account_id, body: ips.map((ip) => ({ ip })) });
  });
  return made;
}

test("A3: a list that is not there is made; one with the stack's mark is taken into the state", async () => {
  const cloudflare = await start();
  expect((await preflight(cloudflare, site, {}, options)).imports).toEqual({});
  const id = await make(MINE);
  expect((await preflight(cloudflare, site, {}, options)).imports).toEqual({ "list:office": `${api.accountId}/${id}` });
  expect((await preflight(cloudflare, site, { "list:office": id }, options)).imports).toEqual({});
});

test("A3: a list of another stack is an obstacle with the line that shares it", async () => {
  const cloudflare = await start();
  const id = await make("causeway causeway/staging example.org: who may see /admin");
  const other: Site = { ...site, sharedLists: ["partners"] };
  const partners = { ...OFFICE, name: "partners" };
  await setUp(() =>
    cloudflare.rules.lists
      .create({ account_id: api.accountId, name: "partners", kind: "ip" })
      .catch(() => "Free allows one"),
  );
  const [first] = await obstaclesOf(cloudflare, site, {}, options);
  expect(first).toMatchObject({
    code: "another_stack",
    found: `the stack causeway/staging of the zone example.org has a list $office of kind ip (${id})`,
    share: "office",
  });
  expect(first?.adopt).toBeUndefined();
  const run = preflight(cloudflare, other, {}, { policyOf: withLists([OFFICE, partners]) });
  await expect(run).rejects.toThrow('\n  causeway:sharedLists: ["partners","office"]');
  await expect(run).rejects.not.toThrow("causeway:adopt");
  const { warnings, imports } = await preflight(cloudflare, { ...site, sharedLists: ["office"] }, {}, options);
  expect(imports).toEqual({});
  expect(warnings).toEqual([
    expect.stringContaining("$office has 0 items at Cloudflare and 2 in infra/policy/lists/office.ts"),
  ]);
});

test("A3: a list of the same stack name in another zone is another stack's, also for `down`", async () => {
  const cloudflare = await start();
  const id = await make("causeway causeway/test example.org: Hamburg", "ip", "198.51.100.1");
  expect(await obstaclesOf(cloudflare, site, {}, options)).toMatchObject([
    {
      code: "another_stack",
      found: `the stack causeway/test of the zone example.org has a list $office of kind ip (${id})`,
      share: "office",
    },
  ]);
  const { imports } = await preflight(cloudflare, { ...site, sharedLists: ["office"] }, {}, options);
  expect(imports).toEqual({});
  const own: Site = { ...site, zone: { name: "example.org" } };
  const search = {
    api: cloudflare,
    account: { accountId: api.accountId, zoneId: "", plan: "free" },
    known: {},
  } as const;
  const importsFor = async (of: Site) =>
    (await findLists({ ...search, site: of }, [OFFICE])).findings.flatMap((finding) => Object.keys(finding.imports));
  expect([await importsFor(own), await importsFor(site)]).toEqual([["list:office"], []]);
});

test("A3: a list whose mark names no zone belongs to no stack: it may be adopted or shared", async () => {
  const cloudflare = await start();
  const id = await make("causeway causeway/test: Hamburg");
  expect(await obstaclesOf(cloudflare, site, {}, options)).toMatchObject([{ code: "list_taken", share: "office" }]);
  expect((await preflight(cloudflare, site, { "list:office": id }, options)).imports).toEqual({});
});

test("A3: a list named `constructor` is adopted only where `adopt` names it", async () => {
  const cloudflare = await start();
  const list = { ...OFFICE, name: "constructor" };
  const adopt = { records: {}, rulesets: {}, lists: {} };
  const { imports } = await preflight(cloudflare, { ...site, adopt }, {}, { policyOf: withLists([list]) });
  expect(imports).toEqual({});
});

test("A3: a list of somebody else is an obstacle with the lines that adopt or share it", async () => {
  const cloudflare = await start();
  const id = await make("made in the dashboard", "ip", "203.0.113.7");
  const run = preflight(cloudflare, site, {}, options);
  await expect(run).rejects.toThrow(
    `list_taken: the account has a list $office of kind ip (${id}) already, with one item: "made in the dashboard"`,
  );
  await expect(run).rejects.toThrow('causeway:sharedLists: ["office"]');
  const adopt = { records: {}, rulesets: {}, lists: { office: { id, description: "made in the dashboard" } } };
  const line = JSON.stringify({ lists: adopt.lists, records: {}, rulesets: {} });
  await expect(run).rejects.toThrow(`causeway:adopt: ${line}`);

  const { imports, asFound } = await preflight(cloudflare, { ...site, adopt }, {}, options);
  expect(imports).toEqual({ "list:office": `${api.accountId}/${id}` });
  expect(JSON.parse(asFound["as-found:list:office"] ?? "")).toEqual({
    summary: "one item",
    path: `/accounts/${api.accountId}/rules/lists/${id}/items`,
    body: [{ ip: "203.0.113.7" }],
  });
  const known = { "list:office": id, "as-found:list:office": "urn" };
  expect((await preflight(cloudflare, { ...site, adopt }, known, options)).imports).toEqual({});
  expect(await obstaclesOf(cloudflare, site, known, options)).toMatchObject([{ code: "adoption_removed" }]);
});

test("A3: an adopted list must have no items that the policy would remove", async () => {
  const cloudflare = await start();
  const id = await make("", "ip", "203.0.113.7", "198.51.100.0/24");
  const adopt = { records: {}, rulesets: {}, lists: { office: { id, description: "" } } };
  expect(await obstaclesOf(cloudflare, { ...site, adopt }, {}, options)).toMatchObject([
    {
      code: "adopted_items",
      found:
        'infra/policy/lists/office.ts does not have these items of the list that `adopt` names: {"value":"198.51.100.0/24"}',
    },
  ]);
  const known = { "list:office": id, "as-found:list:office": "urn" };
  expect(await obstaclesOf(cloudflare, { ...site, adopt }, known, options)).toMatchObject([{ code: "adopted_items" }]);
  const gone = { ...adopt, lists: { office: { id: "0".repeat(32), description: "" } } };
  expect(await obstaclesOf(cloudflare, { ...site, adopt: gone }, {}, options)).toMatchObject([
    { code: "adopted_missing" },
  ]);
});

test("A3: an adopted list must have no item that excludes the exact hostname: a file cannot say so", async () => {
  const cloudflare = await start({ zones: [{ name: "example.com", plan: "enterprise" }] });
  const id = await make("theirs", "hostname");
  const account_id = api.accountId;
  const setFlag = (exclude_exact_hostname: boolean) =>
    setUp(() =>
      cloudflare.rules.lists.items.update(id, {
        account_id,
        body: [{ hostname: { url_hostname: "*.example.com", exclude_exact_hostname } }],
      }),
    );
  const adopt = { records: {}, rulesets: {}, lists: { office: { id, description: "theirs" } } };
  const hosts = { ...OFFICE, kind: "hostname", items: [{ value: "*.example.com" }] } as const;
  const rule = { expression: "http.host in $office" };
  const given = { policyOf: withLists([hosts], rule), unproved: true };
  await setFlag(true);
  for (const known of [{}, { "list:office": id, "as-found:list:office": "urn" }])
    expect(await obstaclesOf(cloudflare, { ...site, adopt }, known, given)).toMatchObject([
      {
        code: "adopted_exact_hostname",
        found:
          'these items of the list $office, which `adopt` names, have `exclude_exact_hostname`: {"value":"*.example.com"}',
      },
    ]);
  await setFlag(false);
  const { imports } = await preflight(cloudflare, { ...site, adopt }, {}, given);
  expect(imports).toEqual({ "list:office": `${account_id}/${id}` });
});

test("A3: another kind, another list in its place, and sharing what is the stack's own are obstacles", async () => {
  const cloudflare = await start({ zones: [{ name: "example.com", plan: "enterprise" }] });
  const id = await make(MINE, "hostname");
  const codes = async (of: Site, known = {}) =>
    (await obstaclesOf(cloudflare, of, known, options)).map(({ code }) => code);
  expect(await codes(site)).toEqual(["list_kind"]);
  expect(await codes(site, { "list:office": id })).toEqual(["list_kind"]);
  expect(await codes(site, { "list:office": "0".repeat(32) })).toEqual(["replaced_elsewhere"]);
  const shared = { ...site, sharedLists: ["office"] };
  expect(await codes(shared)).toEqual(["list_kind"]);
  await setUp(() => cloudflare.rules.lists.delete(id, { account_id: api.accountId }));
  expect(await codes(shared)).toEqual(["shared_list_missing"]);
  const own = await make(MINE);
  expect(await codes(shared)).toEqual(["shared_list_own"]);
  expect(await codes(shared, { "list:office": own })).toEqual(["shared_list_own"]);
});

test("A3: wrong lists of the policy are obstacles with their file; without lists no permission is asked for", async () => {
  await start();
  const permissions = ["Zone Read", "DNS Write", "Zone WAF Write", "Dynamic URL Redirects Write"] as const;
  const token = api.issueToken([...permissions, "Cache Settings Write", "Cloudflare Tunnel Write"]);
  await preflight(client(token), site, {});
  expect(await obstaclesOf(client(token), site, {}, options)).toMatchObject([
    {
      code: "permission",
      fix: expect.stringContaining('"Account Filter Lists Edit", called "Account Filter Lists: Edit"'),
    },
  ]);
  const wrong = { ...OFFICE, items: [{ value: "203.0.113.7/24" }, { value: "192.0.2.1" }, { value: "192.0.2.1/32" }] };
  expect(await obstaclesOf(client(), site, {}, { policyOf: withLists([wrong]) })).toEqual([
    {
      code: "policy.list-item",
      found: '$office: item 1: "203.0.113.7/24" has bits set after its prefix',
      fix: "In infra/policy/lists/office.ts: write 203.0.113.0/24 for the network, or 203.0.113.7 for the one address.",
    },
    {
      code: "policy.list-repeated",
      found: "$office: item 3: 192.0.2.1 is in the list twice",
      fix: "In infra/policy/lists/office.ts.",
    },
  ]);
});

test("A3: lists of others that exceed the plan's limit are a warning", async () => {
  const cloudflare = await start();
  await setUp(() => cloudflare.rules.lists.create({ account_id: api.accountId, name: "theirs", kind: "ip" }));
  const { warnings } = await preflight(cloudflare, site, {}, options);
  expect(warnings).toEqual([
    "With $theirs of others the account will have 2 lists with 2 items; Free allows 1 with 10000. Unless another zone of the account has a larger plan, the run fails at its first list.",
  ]);
});

test("A3: a list that the run deletes still counts for the plan's limit while the next one is made", async () => {
  const cloudflare = await start();
  const id = await make(MINE, "ip", "203.0.113.7");
  const known = { "list:office": id };
  const renamed = { policyOf: withLists([{ ...OFFICE, name: "hq" }]) };
  expect(await obstaclesOf(cloudflare, site, known, renamed)).toEqual([
    {
      code: "list_limit",
      found:
        "the run deletes $office only after it has written the other lists, and the account has 2 lists with 3 items until then; " +
        "Free allows 1 with 10000",
      fix: "Take $hq out of the policy, with the rules that use it, for the run that deletes $office; add it in the next one.",
    },
  ]);
  expect((await preflight(cloudflare, site, known, { policyOf: withLists([]) })).warnings).toEqual([]);
  // another stack's list: no run of this stack deletes it
  const taken = { ...known, "as-found:list:office": "urn" };
  for (const state of [{}, taken]) {
    const { warnings } = await preflight(cloudflare, site, state, renamed);
    expect(warnings).toEqual([expect.stringContaining("With $office of others the account will have 2 lists")]);
  }
});

test("A3: a list that the run deletes counts with its items; an account with more lists has a larger plan", async () => {
  const cloudflare = await start({ zones: [{ name: "example.com", plan: "enterprise" }] });
  const many = Array.from({ length: 6000 }, (_, index) => `10.${index >> 8}.${index & 255}.1`);
  const id = await make(MINE, "ip", ...many);
  const partners = { ...OFFICE, name: "partners", items: many.map((value) => ({ value })) };
  const pro: Site = { ...site, plan: "pro" };
  const known = { "list:office": id };
  const options = { policyOf: withLists([partners]) };
  expect(await obstaclesOf(cloudflare, pro, known, options)).toMatchObject([{ code: "list_limit" }]);
  const partnersId = await makeNamed(cloudflare, "partners");
  const both = { ...known, "list:partners": partnersId };
  expect(await obstaclesOf(cloudflare, pro, both, options)).toMatchObject([
    {
      code: "list_limit",
      fix: "Keep the other lists as they are in the run that deletes $office, and change them in the next one.",
    },
  ]);
  const free: Site = { ...site, plan: "free" };
  const renamed = { policyOf: withLists([{ ...OFFICE, name: "partners" }]) };
  expect((await preflight(cloudflare, free, both, renamed)).warnings).toEqual([]);
});

async function makeNamed(cloudflare: Cloudflare, name: string): Promise<string> {
  let id = "";
  await setUp(async () => {
    id = (await cloudflare.rules.lists.create({ account_id: api.accountId, name, kind: "ip" })).id;
  });
  return id;
}
