import { expect, test } from "@jest/globals";
import {
  accountMark,
  listSpecs,
  markedDescription,
  ownerOfList,
  type PolicyList,
  policyDiagnostics,
  policyFor,
  policyListProblems,
  provePolicy,
  SURFACE,
  withoutLists,
} from "../../../infra/policy/index.ts";
import { createEngine, toBytes, validateRuleset } from "../../../infra/rules/index.ts";
import { foldersWith } from "./kit-policy.ts";
import { site } from "./site.ts";

const OFFICE: PolicyList = {
  name: "office_list",
  kind: "ip",
  description: "who may see /admin",
  items: [{ value: "203.0.113.7/32", comment: "Ada" }, { value: "2001:DB8:0::/48" }],
};
const RULE = {
  ref: "admin_only",
  description: "Block /admin outside the office",
  when: 'http.request.uri.path eq "/admin" and not ip.src in $office_list',
  action: "block",
  examples: {
    match: [{ request: "GET /admin", ip: "198.51.100.1" }],
    pass: [
      { request: "GET /admin", ip: "203.0.113.7" },
      { request: "GET /admin", ip: "2001:db8::9" },
    ],
  },
} as const;

/** The kit's policy with a list, and before all others a rule that uses it. */
const withRule = (lists: readonly PolicyList[], rule: object = {}) => {
  return policyFor(site, "free", SURFACE, foldersWith([{ ...RULE, ...rule }]), lists);
};

test("A3: a rule that asks a list of the policy is validated, proved by its examples and run by the engine", () => {
  const policy = withRule([OFFICE]);
  expect(policyDiagnostics(policy, "free")).toEqual([]);
  const { rulesets, lists } = policy;
  expect(provePolicy({ rulesets, lists, stories: [], site, plan: "free" }).diagnostics).toEqual([]);
  const swapped = { match: RULE.examples.pass, pass: RULE.examples.match };
  const wrong = withRule([OFFICE], { examples: swapped });
  const proof = provePolicy({ ...wrong, stories: [], site, plan: "free" });
  expect(proof.diagnostics.map(({ code }) => code)).toEqual([
    "example-not-matched",
    "example-not-matched",
    "example-matched",
  ]);

  const zone = rulesets.map((ruleset) => ({ ...ruleset, id: ruleset.name, kind: "zone" as const }));
  const engine = createEngine({ plan: "free", zone, lists: listSpecs(lists) });
  const decided = (ip: string) => {
    const headers = [[toBytes("user-agent"), toBytes("curl")]] as const;
    const request = { method: toBytes("GET"), host: toBytes("chat.example.com"), uri: toBytes("/admin"), ip, at: 0 };
    return engine.handle({ ...request, version: "HTTP/2", scheme: "https", headers }).by?.ref;
  };
  expect([decided("198.51.100.1"), decided("203.0.113.7")]).toEqual(["admin_only", "not_in_surface"]);
});

test("A3: a list that is not declared, or of another kind, is an error before anything is deployed", () => {
  const codes = (lists: readonly PolicyList[]) => policyDiagnostics(withRule(lists), "free").map(({ code }) => code);
  expect(codes([])).toEqual(["unknown-list"]);
  expect(codes([{ ...OFFICE, kind: "asn", items: [{ value: 64496 }] }])).toEqual(["list-kind"]);
});

test("A3: items are normalised; one that cannot be read is told and not run", () => {
  const { lists } = withRule([{ ...OFFICE, items: [...OFFICE.items, { value: "203.0.113.9/24" }] }]);
  expect(lists[0]?.items.map(({ value }) => value)).toEqual(["203.0.113.7", "2001:db8::/48", "203.0.113.9/24"]);
  expect(listSpecs(lists)).toEqual({ office_list: { kind: "ip", items: ["203.0.113.7", "2001:db8::/48"] } });
  expect(policyListProblems(lists, "free")).toEqual([
    {
      code: "list-item",
      severity: "error",
      file: "infra/policy/lists/office-list.ts",
      message: '$office_list: item 3: "203.0.113.9/24" has bits set after its prefix',
      hint: "write 203.0.113.0/24 for the network, or 203.0.113.9 for the one address",
    },
  ]);
});

test("A3: what is no list is told with its file, also where a cast has silenced TypeScript", () => {
  const wrong = [
    { ...OFFICE, itmes: [] },
    { ...OFFICE, name: "other", items: [{ value: "192.0.2.1", coment: "x" }] },
    { ...OFFICE, name: "third", items: [{ value: true }] },
    null,
    "office",
  ] as unknown as readonly PolicyList[];
  const { lists, diagnostics } = withRule(wrong);
  expect(diagnostics.map(({ code, severity, file }) => `${severity} ${code} ${file}`)).toEqual([
    "error wrong-type infra/policy/lists/office-list.ts",
    "error wrong-type infra/policy/lists/other.ts",
    "error wrong-type infra/policy/lists/third.ts",
    "error wrong-type infra/policy/lists/index.ts",
    "error wrong-type infra/policy/lists/index.ts",
  ]);
  expect(lists).toEqual([]);
  const long = { ...OFFICE, description: "x".repeat(145), items: [{ value: "192.0.2.1", comment: "x".repeat(501) }] };
  expect(policyListProblems([long, OFFICE], "pro").map(({ code }) => code)).toEqual([
    "list-text",
    "list-text",
    "list-repeated",
  ]);
  expect(policyListProblems([OFFICE, { ...OFFICE, name: "two" }], "free")).toMatchObject([
    { code: "list-count", file: "infra/policy/lists/index.ts" },
  ]);
});

test("A3: the description at Cloudflare begins with the mark of the stack and its zone", () => {
  const description = markedDescription(site, OFFICE);
  expect(description).toBe("causeway causeway/test example.com: who may see /admin");
  expect(ownerOfList(description)).toEqual({
    mark: accountMark(site),
    stack: "causeway/test",
    zone: "example.com",
  });
  for (const other of [
    undefined,
    "",
    "causeway",
    "causeway a/b: text",
    "causeway and more: text",
    "my causeway a/b c: t",
  ])
    expect(ownerOfList(other)).toBeUndefined();
});

test("A3: values stand in for lists that are not there yet, and for nothing else", () => {
  const lists = [OFFICE, { name: "sites", kind: "hostname" }, { name: "nets", kind: "asn" }] as const;
  expect(withoutLists("ip.src in $office_list and not (http.host in $sites) or ip.src.asnum in $nets", lists)).toBe(
    'ip.src eq :: and not (http.host eq "") or ip.src.asnum eq 1',
  );
  for (const same of ['http.host eq "$office_list"', "ip.src in $office_lists", "ip.src in $office_list and", "ssl"])
    expect(withoutLists(same, lists)).toBe(same);
  for (const [kind, field] of [
    ["ip", "ip.src"],
    ["hostname", "http.host"],
    ["asn", "ip.src.asnum"],
  ] as const) {
    const text = `any(http.request.headers["a"][*] eq "b") or ${field} in $a`;
    const replaced = withoutLists(text, [{ name: "a", kind }]);
    expect(replaced).not.toContain("$a");
    expect(replaced.length).toBeLessThanOrEqual(text.length);
    const rule = { ref: "long", description: "d", action: "block", expression: replaced };
    const ruleset = { phase: "http_request_firewall_custom", rules: [rule] };
    expect(validateRuleset(ruleset, { level: "zone", plan: "enterprise" })).toEqual([]);
  }
});
