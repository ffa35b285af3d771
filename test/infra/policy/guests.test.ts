/** Rules of the owner and the hostnames of its guests. */
import { describe, expect, test } from "@jest/globals";
import { covers } from "../../../infra/policy/hostnames.ts";
import { policyDiagnostics, policyFor, provePolicy, type Site } from "../../../infra/policy/index.ts";
import type { PolicyRule } from "../../../infra/policy/rule.ts";
import { compile, type Plan, requestFields } from "../../../infra/rules/index.ts";
import { foldersWith } from "./kit-policy.ts";
import { PLANS, site as sample } from "./site.ts";

const site: Site = {
  ...sample,
  hostnames: ["chat.example.com"],
  guests: ["staging.example.com", "dev-*.example.com", "*-test.example.com", "*.eu.example.com"],
};

/** The refs of the rules whose expression is true. */
function refsThatMatch(url: string, host: string, plan: Plan = "pro", of: Site = site): readonly string[] {
  const { rulesets } = policyFor(of, plan);
  const [method = "", uri = ""] = url.split(" ");
  const isTls = !uri.startsWith("http:");
  const facts = { method, scheme: isTls ? "https" : "http", host, uri: uri.replace(/^http:/, "") } as const;
  const fields = requestFields({ ...facts, version: "HTTP/1.1", headers: [["Host", host]], ip: "198.18.0.1", at: 0 });
  return rulesets.flatMap(({ rules }) =>
    rules.flatMap(({ ref, expression }) => {
      const compiled = compile(expression);
      if (!compiled.ok) throw new Error(expression);
      return compiled.matches(fields) ? [ref] : [];
    }),
  );
}

const GUESTS = [
  "staging.example.com",
  "dev-a.example.com",
  "dev-.example.com",
  "x-test.example.com",
  "dev-test.example.com",
  "a.eu.example.com",
];
const OTHERS = [
  "www.example.com",
  "xstaging.example.com",
  "staging.example.com.example.com",
  "dev-a.b.example.com",
  "dev-a.b.c.example.com",
  "dev-a.www.example.com",
  "x.dev-a.example.com",
  "dev.example.com",
  "a.b-test.example.com",
  "b-test.a.example.com",
  "eu.example.com",
  "a.b.eu.example.com",
  "dev-a.example.com.example.com",
  "a.eu.example.community.example.com",
  "dev-a.example.com.evil.example.com",
  "dev-aexample.com",
];

describe("a rule of the owner binds its guests, however a host is spelled, and no other host of the zone", () => {
  test.each(GUESTS)("%s", (host) => {
    const ports = ["", ".", ":443", ".:8443", ":x.example.com", ".:1.eu.example.com"];
    for (const spelling of [host.toUpperCase(), ...ports.map((port) => `${host}${port}`)]) {
      expect([spelling, refsThatMatch("GET /.env", spelling)]).toEqual([spelling, ["scanner_paths"]]);
      expect(refsThatMatch("POST http:/api/auth/login", spelling)).toEqual(["plain_http", "credential_rate"]);
    }
    expect(refsThatMatch("GET http:/", host)).toEqual(["to_https", "plain_http"]);
    expect(refsThatMatch("GET http:/", `${host}:8080`)).toEqual(["plain_http"]);
    expect(refsThatMatch("GET http:/", `${host}.`)).toEqual(["plain_http"]);
  });

  test.each(OTHERS)("not %s", (host) => {
    for (const spelling of [host, `${host}.`, `${host}:443`]) {
      expect([spelling, refsThatMatch("GET http:/.env", spelling)]).toEqual([spelling, []]);
      expect(refsThatMatch("GET http:/", spelling)).toEqual([]);
    }
  });
});

test("what the surface of the owner lacks is blocked at its own host and left to the gateway of a guest", () => {
  expect(refsThatMatch("GET /api/staging", "chat.example.com")).toEqual(["not_in_surface", "cache_bypass"]);
  for (const host of GUESTS) expect(refsThatMatch("GET /api/staging", host)).toEqual([]);
});

test("a pattern is compared as the expressions compare it", () => {
  const isGuest = (host: string) => site.guests?.some((name) => covers(name, host));
  expect(GUESTS.filter((host) => !isGuest(host))).toEqual([]);
  expect(OTHERS.filter(isGuest)).toEqual([]);
});

test.each(PLANS)("with guests the policy is within the %s plan, and its examples hold", (plan) => {
  const policy = policyFor(site, plan);
  expect(policyDiagnostics(policy, plan)).toEqual([]);
  expect(provePolicy({ ...policy, stories: [], site, plan }).diagnostics).toEqual([]);
  for (const { expression } of policy.rulesets.flatMap(({ rules }) => rules))
    expect(expression).not.toMatch(/matches|~/);
});

test("on Free the one rate limit counts guests, and the report says so", () => {
  const said = (of: Site, plan: Plan) =>
    policyFor(of, plan).report.notAtTheEdge.filter(({ why }) => why.includes("guests included")).length;
  expect([said(site, "free"), said(sample, "free"), said(site, "pro")]).toEqual([1, 0, 0]);
  expect(refsThatMatch("POST /api/auth/login", "staging.example.com", "free")).toEqual(["credential_rate"]);
});

test("a rule of an author binds guests too, unless it says otherwise", () => {
  const rule = (parts: Partial<PolicyRule>) =>
    ({
      ref: "no_fr",
      description: "No France",
      when: 'ip.src.country eq "FR"',
      action: "block",
      ...parts,
    }) as PolicyRule;
  const examples = { match: [{ request: "GET /", given: { "ip.src.country": "FR" } }], pass: ["GET /"] } as const;
  const expressionOf = (parts: Partial<PolicyRule>) =>
    policyFor(site, "free", undefined, foldersWith([rule({ examples, ...parts })]))
      .rulesets.flatMap(({ rules }) => rules)
      .find(({ ref }) => ref === "no_fr");
  expect(expressionOf({})?.expression).toContain("staging.example.com");
  expect(expressionOf({ guests: false })?.expression).not.toContain("staging.example.com");
  expect(expressionOf({ guests: false })).not.toHaveProperty("guests");
  const wrong = policyFor(site, "free", undefined, foldersWith([rule({ examples, guests: true as never })]));
  expect(wrong.diagnostics).toMatchObject([{ pointer: "/guests", severity: "error" }]);
});

test("a guest deploys no rule, no list and no setting, and its report says what is left to its gateway", () => {
  const guest: Site = { ...sample, role: "guest", hostnames: ["staging.example.com"] };
  const { ingress, report, ...rest } = policyFor(guest, "free");
  expect(rest).toEqual({ rulesets: [], lists: [], zoneSettings: [], diagnostics: [] });
  expect(ingress.map(({ hostname }) => hostname)).toEqual(["staging.example.com", undefined]);
  expect(report.notAtTheEdge[0]).toMatchObject({ why: expect.stringMatching(/guest/), enforcedBy: "gateway" });
});
