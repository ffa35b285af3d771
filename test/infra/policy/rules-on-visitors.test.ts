// A1: a rule that sees all traffic is proved by its own examples alone.
import { describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import {
  exampleFacts,
  FOLDERS,
  listSpecs,
  type PolicyList,
  policyFor,
  provePolicy,
  SURFACE,
  VISITORS,
} from "../../../infra/policy/index.ts";
import type { PolicyRule } from "../../../infra/policy/rule.ts";
import {
  createEngine,
  FIELDS,
  includesPlan,
  type Plan,
  planName,
  visitorProblems,
} from "../../../infra/rules/index.ts";
import { readStories } from "../../../infra/stories.ts";
import { PLANS, site } from "./site.ts";

/** A rule that is added above the shipped ones, with the least plan that has its field. */
interface Added {
  readonly from: Plan;
  readonly when: string;
  readonly match: PolicyRule["examples"]["match"][0];
}

const ADDED: readonly Added[] = [
  { from: "free", when: 'ip.src.country in {"T1" "XX"}', match: { request: "GET /", visitor: "tor" } },
  { from: "free", when: "ip.src.asnum in {64500 64501}", match: { request: "GET /", visitor: "script" } },
  { from: "free", when: 'ip.src.continent eq "AS"', match: { request: "GET /", given: { "ip.src.continent": "AS" } } },
  { from: "free", when: "cf.client.bot", match: { request: "GET /", visitor: "crawler" } },
  { from: "free", when: 'cf.tls_version ne "TLSv1.3"', match: { request: "GET /", visitor: "outdated" } },
  { from: "free", when: 'http.user_agent eq ""', match: { request: "GET /", headers: { "user-agent": "" } } },
  {
    from: "free",
    when: 'http.request.version in {"HTTP/1.0" "HTTP/1.1"}',
    match: "GET / HTTP/1.1\nHost: {host}\nUser-Agent: curl/8\n\n",
  },
  { from: "free", when: "not ip.src in {198.18.0.0/24 198.18.1.1}", match: 'GET / from 192.0.2.7 as "x"' },
  { from: "free", when: "not ip.src in $known", match: "GET / from 192.0.2.7" },
  { from: "business", when: "not ip.src.is_in_european_union", match: { request: "GET /", visitor: "script" } },
  {
    from: "business",
    when: 'cf.waf.score.class eq "attack"',
    match: { request: "GET /", given: { "cf.waf.score.class": "attack" } },
  },
  {
    from: "enterprise",
    when: "cf.bot_management.score lt 10 and not cf.bot_management.verified_bot",
    match: { request: "GET /", visitor: "script" },
  },
  { from: "enterprise", when: "cf.waf.score lt 20", match: { request: "GET /", given: { "cf.waf.score": 3 } } },
];

/** A list with every visitor of the policy. */
const KNOWN: PolicyList = {
  name: "known",
  kind: "ip",
  description: "visitors of the tests",
  items: [{ value: "198.18.0.0/15" }],
};

const foldersWith = ({ when, match }: Added) =>
  FOLDERS.map((folder) =>
    folder.phase === "http_request_firewall_custom"
      ? {
          ...folder,
          files: [
            {
              ref: "added_rule",
              description: "Block what the test adds",
              when,
              action: "block" as const,
              examples: { match: [match] as const, pass: ["GET /"] as const },
            },
            ...folder.files,
          ],
        }
      : folder,
  );

const proofOf = (added: Added, plan: Plan) => {
  const policy = policyFor(site, plan, SURFACE, foldersWith(added), [KNOWN]);
  return provePolicy({ ...policy, stories: readStories(), site, plan });
};

describe.each(ADDED.map((added) => [added.when, added] as const))("A1: %s", (when, added) => {
  test.each(PLANS.filter((plan) => includesPlan(plan, added.from)))("is proved on %s", (plan) => {
    const { diagnostics, stories } = proofOf(added, plan);
    expect(diagnostics).toEqual([]);
    expect(stories).toBe(3);
  });

  test("blocks no request of any surface", () => {
    const path = fc.stringMatching(/^[a-z0-9-]{1,12}$/).map((segment) => `/${segment}` as const);
    fc.assert(
      fc.property(fc.array(path, { minLength: 1, maxLength: 8 }), (assets) => {
        const surface = { ...SURFACE, assets };
        const { rulesets, lists } = policyFor(site, "enterprise", surface, foldersWith(added), [KNOWN]);
        const zone = rulesets.map((ruleset) => ({ ...ruleset, id: ruleset.name, kind: "zone" as const }));
        const engine = createEngine({ plan: "enterprise", zone, lists: listSpecs(lists) });
        const blockedBy = assets.map((at) => engine.handle(exampleFacts(`GET ${at}`, site)).by?.ref);
        expect(blockedBy.filter((ref) => ref !== undefined)).toEqual([]);
      }),
      { numRuns: 4 },
    );
  });

  const without = PLANS.filter((plan) => !includesPlan(plan, added.from));
  if (without.length === 0) return;
  test.each(without)("names the plan that it needs on %s", (plan) => {
    const [first] = proofOf(added, plan).diagnostics;
    expect(first).toMatchObject({
      code: "field-plan",
      message: expect.stringContaining(planName(added.from)),
      file: "infra/policy/custom-rules/added-rule.ts",
      ref: "added_rule",
      pointer: "/when",
      text: when,
    });
    expect(when.slice(first?.span.start, first?.span.end)).toMatch(/^(ip|cf)\.[a-z_.]+$/);
  });
});

test("the visitors are visitors, and the ordinary one has an address for measurements", () => {
  for (const visitor of Object.values(VISITORS)) expect(visitorProblems(visitor)).toEqual([]);
  expect(VISITORS.ordinary.ip).toMatch(/^198\.1[89]\./);
  expect(exampleFacts("GET /", site).ip).toBe(VISITORS.ordinary.ip);
});

test("every field that tells of a visitor has a value for every visitor, whether visitors.ts names it or not", () => {
  const ofVisitors = FIELDS.filter(({ name, source, replacedBy }) => {
    return (
      ["cloudflare", "tls", "token"].includes(source) &&
      replacedBy === undefined &&
      !/^cf\.(zone|hostname)\./.test(name)
    );
  });
  expect(ofVisitors.length).toBeGreaterThan(60);
  for (const visitor of Object.keys(VISITORS)) {
    const given = exampleFacts({ request: "GET /", visitor }, site).given ?? {};
    expect(ofVisitors.filter(({ name }) => !Object.hasOwn(given, name)).map(({ name }) => name)).toEqual([]);
  }
});
