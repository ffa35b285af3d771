import { expect, test } from "@jest/globals";
import { apiRuleset, type Example, exampleFacts, type PhaseRuleset, policyFor } from "../../../infra/policy/index.ts";
import { createEngine, type Engine, type Plan, type Verdict } from "../../../infra/rules/index.ts";
import { lint } from "../../../infra/rules/lint/index.ts";
import { PLANS, site } from "./site.ts";

/**
 * The rulesets as Cloudflare would hold them, each rule alone: an earlier rule that blocks would hide what the later
 * ones do.
 */
const engineOf = (plan: Plan, rulesets: readonly PhaseRuleset[]): Engine =>
  createEngine({
    plan,
    zone: rulesets.map((ruleset) => ({ id: ruleset.phase, kind: "zone", ...ruleset })),
  });

/** As often as the limit allows, and once more: a rate limiting rule acts on the request that is one too many. */
function verdict(engine: Engine, example: Example, times: number): Verdict {
  const facts = exampleFacts(example, site);
  for (let sent = 1; sent < times; sent += 1) engine.handle(facts);
  return engine.handle(facts);
}

const cases = PLANS.flatMap((plan) =>
  policyFor(site, plan).rulesets.flatMap((ruleset) => ruleset.rules.map((rule) => ({ plan, ruleset, rule }))),
);

test.each(cases.map((one) => [one.plan, one.rule.ref, one] as const))(
  "on %s, %s matches what it claims to match and passes what it claims to pass",
  (plan, ref, { ruleset, rule }) => {
    const times = (rule.ratelimit?.requests_per_period ?? 0) + 1;
    const matched = (example: Example): boolean => {
      const engine = engineOf(plan, [{ ...ruleset, rules: [rule] }]);
      return verdict(engine, example, times).events.some((event) => event.ref === ref);
    };
    expect(rule.source.examples.match.filter((example) => !matched(example))).toEqual([]);
    expect(rule.source.examples.pass.filter((example) => matched(example))).toEqual([]);
  },
);

test("all rules together decide as each claims: blocked is blocked, what the surface has passes", () => {
  const { rulesets } = policyFor(site, "free");
  const outcomes = (examples: readonly Example[]) =>
    new Set(examples.map((example) => verdict(engineOf("free", rulesets), example, 1).outcome));
  const custom = rulesets.find(({ phase }) => phase === "http_request_firewall_custom")?.rules ?? [];
  const blocked = custom.filter(({ action }) => action === "block").flatMap(({ source }) => source.examples.match);
  expect(outcomes(blocked)).toEqual(new Set(["block"]));
  const [redirect] = rulesets.find(({ phase }) => phase === "http_request_dynamic_redirect")?.rules ?? [];
  expect(outcomes(redirect?.source.examples.match ?? [])).toEqual(new Set(["redirect"]));
  const surface = custom.find(({ ref }) => ref === "not_in_surface")?.source.examples.pass ?? [];
  expect(outcomes(surface)).toEqual(new Set(["pass"]));
});

test.each(PLANS)(
  "on %s, a foreign host of the zone goes untouched through every phase that can see the host",
  (plan) => {
    const rulesets = policyFor(site, plan).rulesets.filter(
      ({ phase }) => plan !== "free" || phase !== "http_ratelimit",
    );
    const foreign = ["example.com", "shop.example.com", "chat.example.com.evil.test", "xchat.example.com"];
    const touched = foreign.flatMap((host) => {
      const engine = engineOf(plan, rulesets);
      return rulesets
        .flatMap(({ rules }) => rules)
        .flatMap(
          ({
            source: {
              examples: { match, pass },
            },
            ratelimit,
          }) =>
            [...match.slice(0, 4), ...pass.slice(0, 4)].map((example) => {
              const facts = { ...exampleFacts(example, site), host };
              for (let sent = 0; sent < (ratelimit?.requests_per_period ?? 0); sent += 1) engine.handle(facts);
              return engine.handle(facts);
            }),
        )
        .filter(
          ({ outcome, events, settings }) => outcome !== "pass" || events.length + Object.keys(settings).length > 0,
        );
    });
    expect(touched).toEqual([]);
  },
);

test.each(PLANS)("on %s, the linter has nothing to say", (plan) => {
  const { rulesets } = policyFor(site, plan);
  expect(lint({ plan, rulesets: rulesets.map(apiRuleset), hostnames: site.hostnames })).toEqual([]);
});

test("the 21st login in 10 s from one address is answered with 429 for 10 s, other addresses and paths go on", () => {
  const engine = engineOf("free", policyFor(site, "free").rulesets);
  const login = (at: number, ip = "203.0.113.7") =>
    engine.handle({ ...exampleFacts({ request: "POST /api/auth/login", ip }, site), at }).outcome;
  const first = Array.from({ length: 21 }, (_, index) => login(index * 100));
  expect(first).toEqual([...Array.from({ length: 20 }, () => "pass"), "block"]);
  expect(login(5000)).toBe("block");
  expect(login(5000, "203.0.113.8")).toBe("pass");
  expect(engine.handle({ ...exampleFacts("GET /api/users/me", site), at: 5000 }).outcome).toBe("pass");
  expect(login(60_000)).toBe("pass");
});

test("a Host with a port, with a dot at its end or in capitals does not step around the rules", () => {
  const engine = engineOf("free", policyFor(site, "free").rulesets);
  for (const host of [
    "chat.example.com:8443",
    "CHAT.example.com",
    "Www.Example.Com:1",
    "chat.example.com.",
    "Chat.example.com.:1",
  ]) {
    expect(engine.handle({ ...exampleFacts("GET /api/debug", site), host }).by?.ref).toBe("not_in_surface");
  }
});

test("what is no example says so", () => {
  expect(() => exampleFacts("GET path", site)).toThrow(
    /"GET path" is no example: "path" is neither a path that starts with/,
  );
});
