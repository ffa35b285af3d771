import { readFileSync } from "node:fs";
import { expect, test } from "@jest/globals";
import { parse } from "yaml";
import {
  readAccess,
  readOpens,
  readPurpose,
  readUnproved,
  StackConfigError,
  unprovedLines,
} from "../../infra/config.ts";
import { DEFAULTS, readSite } from "../../infra/site-config.ts";

const minimal = { "causeway:zone": "example.com", "causeway:hostnames": '["chat.example.com"]' };

function problemsOf(values: Record<string, string>, stack = "dev"): string[] {
  try {
    readSite("causeway", stack, values);
  } catch (error) {
    if (!(error instanceof StackConfigError)) throw error;
    for (const { key, given, expected } of error.problems) {
      expect(error.message).toContain(`${key}: got ${given}, expected ${expected}`);
    }
    return error.problems.map(({ key, given, expected }) => `${key} | ${given} | ${expected}`);
  }
  throw new Error("the configuration was accepted");
}

test("a zone and a hostname are enough; the rest has defaults", () => {
  expect(readSite("causeway", "dev", minimal)).toEqual({
    project: "causeway",
    stack: "dev",
    role: DEFAULTS.role,
    zone: { name: "example.com" },
    hostnames: ["chat.example.com"],
    origin: DEFAULTS.origin,
    plan: DEFAULTS.plan,
    zoneSettings: {},
  });
});

test("every key is read, under the project's own name", () => {
  const site = readSite("acme", "prod", {
    "acme:accountId": "a".repeat(32),
    "acme:guests": '["staging.example.com","dev-*.example.com"]',
    "acme:role": "owner",
    "acme:hostnames": "chat.example.com, www.example.com",
    "acme:origin": "http://[::1]:4000",
    "acme:plan": "pro",
    "acme:zone": "example.com",
    "acme:zoneId": "b".repeat(32),
    "acme:zoneSettings": '{"always_use_https":"on","http2":"on"}',
    "cloudflare:apiToken": "not ours to judge",
  });
  expect(site).toEqual({
    project: "acme",
    stack: "prod",
    role: "owner",
    guests: ["staging.example.com", "dev-*.example.com"],
    accountId: "a".repeat(32),
    hostnames: ["chat.example.com", "www.example.com"],
    origin: "http://[::1]:4000",
    plan: "pro",
    zone: { name: "example.com", id: "b".repeat(32) },
    zoneSettings: { always_use_https: "on", http2: "on" },
  });
});

test("all problems are reported at once, each with its key, what was given and what is expected", () => {
  expect(
    problemsOf({
      "causeway:accountId": "me",
      "causeway:hostname": "chat.example.com",
      "causeway:origin": "http://127.0.0.1:3000/chat",
      "causeway:plan": "premium",
      "causeway:zoneSettings": '{"ssl":"maybe","speed":"on","security_header":{"strict_transport_security":{}}}',
    }),
  ).toEqual([
    'causeway:zone | nothing | the name of a zone, such as "example.com"',
    'causeway:accountId | "me" | the id of a Cloudflare account: 32 hex digits',
    'causeway:origin | "http://127.0.0.1:3000/chat" | where the gateway listens, such as "http://127.0.0.1:3000", without a path',
    'causeway:plan | "premium" | one of auto, free, pro, business, enterprise',
    'causeway:hostnames | nothing | hostnames of the zone, such as ["chat.example.com"]',
    'causeway:zoneSettings.ssl | "maybe" | "flexible", "full", "strict"',
    expect.stringMatching(/^causeway:zoneSettings\.speed \| "on" \| one of ssl, /),
    expect.stringMatching(/^causeway:zoneSettings\.security_header \| \{.*\} \| \{ "strict_transport_security"/),
    expect.stringMatching(
      /^causeway:hostname \| "chat\.example\.com" \| no such key; there are access, accountId, adopt, guests, hostnames, /,
    ),
  ]);
});

test.each([
  ["in another zone", "chat.example.org", "a hostname inside the zone example.com"],
  ["that only ends like the zone", "chatexample.com", "a hostname inside the zone example.com"],
  ["in capitals", "Chat.example.com", "a hostname in lower case, without port or wildcard"],
  ["with a port", "chat.example.com:443", "a hostname in lower case, without port or wildcard"],
  ["with a wildcard", "*.example.com", "a hostname in lower case, without port or wildcard"],
  ["that would end its string in a rule", 'a".example.com', "a hostname in lower case, without port or wildcard"],
])("a hostname %s is refused", (_, hostname, expected) => {
  expect(problemsOf({ ...minimal, "causeway:hostnames": JSON.stringify([hostname]) })).toEqual([
    `causeway:hostnames | ${JSON.stringify(hostname)} | ${expected}`,
  ]);
});

test("a guest has a role and nothing of the owner's", () => {
  const guest = { ...minimal, "causeway:role": "guest" };
  expect(readSite("causeway", "dev", guest)).toMatchObject({ role: "guest", zoneSettings: {} });
  const rule = { ref: "a", expression: "ssl", action: "block" };
  const ruleset = { id: "b".repeat(32), name: "default", description: "", rules: [rule] };
  const lists = { office: { id: "c".repeat(32), description: "theirs" } };
  const owners = {
    "causeway:guests": '["staging.example.com"]',
    "causeway:sharedLists": '["partners"]',
    "causeway:zoneSettings": '{"ssl":"strict"}',
    "causeway:adopt": JSON.stringify({ rulesets: { http_ratelimit: ruleset }, lists }),
  };
  expect(problemsOf({ ...guest, ...owners }).map((problem) => problem.split(" | "))).toEqual(
    ["guests", "sharedLists", "zoneSettings", "adopt.rulesets", "adopt.lists"].map((key) => [
      `causeway:${key}`,
      expect.anything(),
      "nothing: this stack is a guest. Set it in the stack that owns the zone's rules",
    ]),
  );
  expect(problemsOf({ ...minimal, "causeway:role": "visitor" })).toEqual([
    'causeway:role | "visitor" | owner or guest',
  ]);
});

const A_PATTERN = 'a hostname in lower case, which may have one * in its first label, such as "dev-*.example.com"';
test.each([
  ["in another zone", "staging.example.org", "a hostname inside the zone example.com"],
  ["a pattern of the zone's name", "*example.com", "a hostname inside the zone example.com"],
  ["a pattern above the zone", "*.com", "a hostname inside the zone example.com"],
  ["in capitals", "Staging.example.com", A_PATTERN],
  ["with two stars", "*-*.example.com", A_PATTERN],
  ["with a star in its second label", "a.*.example.com", A_PATTERN],
  ["that would end its string in a rule", 'a*".example.com', A_PATTERN],
  [
    "that this stack serves",
    "chat.example.com",
    "a hostname of another stack: this one is in `hostnames` or `services`",
  ],
])("the hostname of a guest %s is refused", (_, name, expected) => {
  expect(problemsOf({ ...minimal, "causeway:guests": JSON.stringify([name]) })).toEqual([
    `causeway:guests | ${JSON.stringify(name)} | ${expected}`,
  ]);
});

test("guests are a list, each once", () => {
  expect(problemsOf({ ...minimal, "causeway:guests": "{}" })).toHaveLength(1);
  expect(problemsOf({ ...minimal, "causeway:guests": '["a.example.com","a.example.com"]' })).toEqual([
    expect.stringMatching(/each hostname once$/),
  ]);
  expect(readSite("causeway", "dev", { ...minimal, "causeway:guests": "*.example.com" }).guests).toEqual([
    "*.example.com",
  ]);
});

test("a setting that the named plan cannot edit is refused", () => {
  const http2 = { ...minimal, "causeway:zoneSettings": '{"http2":"on"}' };
  expect(problemsOf({ ...http2, "causeway:plan": "free" })).toEqual([
    'causeway:zoneSettings.http2 | "on" | the Pro plan: on Free it is read-only',
  ]);
});

test("what is adopted is read in the shape that preflight prints, and checked", () => {
  const rule = { ref: "a", expression: "ssl", action: "block" };
  const adopt = {
    tunnel: "0f0e0d0c-0b0a-0908-0706-050403020100",
    records: { "chat.example.com": "a".repeat(32) },
    rulesets: { http_ratelimit: { id: "b".repeat(32), name: "default", description: "", rules: [rule] } },
  };
  const adopting = (value: unknown) => ({ ...minimal, "causeway:adopt": JSON.stringify(value) });
  expect(readSite("causeway", "dev", adopting(adopt)).adopt).toEqual(adopt);
  expect(readSite("causeway", "dev", adopting({})).adopt).toEqual({ records: {}, rulesets: {} });
  expect(problemsOf(adopting([])).map((problem) => problem.split(" | ")[0])).toEqual(["causeway:adopt"]);
  const wrong = {
    tunnel: "mine",
    records: { "chat.example.com": "mine", "www.example.com": "a".repeat(32) },
    rulesets: {
      ddos_l7: {},
      http_ratelimit: { ...adopt.rulesets.http_ratelimit, rules: [{ ...rule, ref: undefined }] },
    },
    lists: { office: "mine" },
    pages: {},
  };
  expect(problemsOf(adopting(wrong)).map((problem) => problem.split(" | ")[0])).toEqual([
    "causeway:adopt.pages",
    "causeway:adopt.tunnel",
    "causeway:adopt.records.chat.example.com",
    "causeway:adopt.rulesets.ddos_l7",
    "causeway:adopt.rulesets.http_ratelimit",
    "causeway:adopt.lists.office",
    "causeway:adopt.records.www.example.com",
  ]);
});

test("A3: a list is adopted or shared, by a name that lists have", () => {
  const lists = { office: { id: "c".repeat(32), description: "theirs" } };
  const adopting = { ...minimal, "causeway:adopt": JSON.stringify({ lists }) };
  expect(readSite("causeway", "dev", adopting).adopt?.lists).toEqual(lists);
  const shared = (names: string) => ({ ...minimal, "causeway:sharedLists": names });
  expect(readSite("causeway", "dev", shared('["office","partners"]')).sharedLists).toEqual(["office", "partners"]);
  expect(readSite("causeway", "dev", shared("office")).sharedLists).toEqual(["office"]);
  expect(readSite("causeway", "dev", minimal).sharedLists).toBeUndefined();
  expect(problemsOf(shared('["$office"]'))).toEqual([expect.stringMatching(/^causeway:sharedLists \| "\$office"/)]);
  expect(problemsOf(shared("[1]"))).toHaveLength(1);
  const both = { ...adopting, "causeway:sharedLists": '["office"]' };
  expect(problemsOf(both)).toEqual([expect.stringMatching(/^causeway:adopt.lists.office \| /)]);
});

test("project and stack must fit the comment of a DNS record, which marks what is ours", () => {
  expect(problemsOf(minimal, "s".repeat(90))).toEqual([expect.stringMatching(/^project and stack \| /)]);
});

test("the token comes from the configuration or the environment, and is never quoted", () => {
  expect(readAccess({ "cloudflare:apiToken": "one" }, { CLOUDFLARE_API_TOKEN: "two" })).toEqual({
    apiToken: "one",
    baseURL: undefined,
  });
  expect(readAccess({}, { CLOUDFLARE_API_TOKEN: "two", CLOUDFLARE_BASE_URL: "http://127.0.0.1:1/client/v4" })).toEqual({
    apiToken: "two",
    baseURL: "http://127.0.0.1:1/client/v4",
  });
  expect(() => readAccess({}, {})).toThrow(/cloudflare:apiToken: got nothing, expected an API token/);
});

test("Pulumi.yaml repeats the defaults, and names no key that the program does not know", () => {
  const { name, config } = parse(readFileSync("Pulumi.yaml", "utf8"));
  const defaults = Object.entries<{ default?: unknown }>(config).filter(([, schema]) => schema.default !== undefined);
  expect(Object.fromEntries(defaults.map(([key, schema]) => [key, schema.default]))).toEqual(DEFAULTS);
  const values = Object.fromEntries(Object.keys(config).map((key) => [`${name}:${key}`, "{"]));
  for (const problem of problemsOf(values)) expect(problem).not.toContain("no such key");
});

test("a run deploys unless the command that started it says otherwise", () => {
  expect(readPurpose({})).toBe("deploy");
  expect(readPurpose({ CAUSEWAY_PURPOSE: "destroy" })).toBe("destroy");
  expect(() => readPurpose({ CAUSEWAY_PURPOSE: "down" })).toThrow(/CAUSEWAY_PURPOSE: got "down", expected deploy/);
});

test("CAUSEWAY_OPENS names places, and nothing where it is not set", () => {
  expect([readOpens({}), readOpens({ CAUSEWAY_OPENS: "" })]).toEqual([[], []]);
  expect(readOpens({ CAUSEWAY_OPENS: "a.example.com, b.example.com/x" })).toEqual(["a.example.com", "b.example.com/x"]);
});

test("A6: only CAUSEWAY_UNPROVED=yes deploys what is not proved, and the last lines say so", () => {
  expect(readUnproved({})).toBe(false);
  expect(readUnproved({ CAUSEWAY_UNPROVED: "yes" })).toBe(true);
  for (const given of ["", "no", "true", "YES"]) {
    expect(() => readUnproved({ CAUSEWAY_UNPROVED: given })).toThrow(
      `CAUSEWAY_UNPROVED: got ${JSON.stringify(given)}, expected yes, or no such variable`,
    );
  }
  expect(unprovedLines([])).toEqual([]);
  expect(unprovedLines(["a rule"])).toEqual([expect.stringMatching(/^CAUSEWAY_UNPROVED=yes: this run/), "a rule"]);
});
