import { expect, test } from "@jest/globals";
import fc from "fast-check";
import { matchesPath } from "../../../backend/surface.ts";
import { exampleFacts, policyDiagnostics, policyFor, SURFACE, type Surface } from "../../../infra/policy/index.ts";
import { normalizePath } from "../../../infra/rules/evaluate/fields/normalize-path.ts";
import { type Compiled, compile, requestFields } from "../../../infra/rules/index.ts";
import { site } from "./site.ts";

const METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE"] as const;
const segment = fc.oneof(
  { weight: 8, arbitrary: fc.stringMatching(/^[a-z0-9._~!$&'()*+,;=@-][a-z0-9._~!$&'()*+,;=:@-]{0,11}$/) },
  { weight: 1, arbitrary: fc.constantFrom("wp-admin", ".env", "index.php", "api") },
);
const plainPath = fc
  .array(segment, { maxLength: 5 })
  .map((segments): `/${string}` => `/${segments.join("/")}`)
  .filter((path) => !/\/\.\.?(\/|$)/.test(path));
/** Paths that URL normalization rewrites. */
const rewrittenPath = fc.constantFrom<`/${string}`>(
  "/a/../b",
  "/%61pi/x",
  "/a//b",
  "/%2ephp",
  "/a%2fb",
  "/\\x",
  "/./z",
);
const path = fc.oneof({ weight: 20, arbitrary: plainPath }, { weight: 1, arbitrary: rewrittenPath });

const surfaceOf = (paths: fc.Arbitrary<`/${string}`>, size: number): fc.Arbitrary<Surface> =>
  fc.record({
    http: fc.array(
      fc.record({
        method: fc.constantFrom(...METHODS),
        path: paths,
        rate: fc.constantFrom("credential", "read", "write"),
      }),
      { maxLength: size, size: "max" },
    ),
    assets: fc.array(paths, { maxLength: size, size: "max" }),
    socketPath: fc.constant("/socket.io/"),
    rates: fc.constant(SURFACE.rates),
  });

/** Rules of the custom phase, compiled. A policy whose rules cannot be compiled fails here. */
function customRules(surface: Surface): Compiled[] {
  const { rulesets } = policyFor(site, "free", surface);
  const rules = rulesets.find(({ phase }) => phase === "http_request_firewall_custom")?.rules ?? [];
  return rules.map(({ ref, expression }) => {
    const compiled = compile(expression);
    if (compiled.ok) return compiled;
    throw new Error(`${ref}: ${JSON.stringify(compiled.diagnostics)}`);
  });
}

const blocks = (rules: readonly Compiled[], request: string): boolean => {
  const fields = requestFields(exampleFacts(request, site));
  return rules.some((rule) => rule.matches(fields));
};

const requestsOf = (surface: Surface): string[] => [
  ...surface.http.map(({ method, path: at }) => `${method} ${at}`),
  ...surface.assets.flatMap((at) => [`GET ${at}`, `HEAD ${at}?v=1`]),
  `GET ${surface.socketPath}?EIO=4&transport=websocket`,
];

test("no request of any surface is blocked, however its paths look and however many they are", () => {
  fc.assert(
    fc.property(fc.oneof(surfaceOf(path, 10), surfaceOf(plainPath, 300)), (surface) => {
      const rules = customRules(surface);
      expect(requestsOf(surface).filter((request) => blocks(rules, request))).toEqual([]);
    }),
    { numRuns: 60 },
  );
});

test("everything else is blocked, where the surface fits an expression", () => {
  fc.assert(
    fc.property(
      surfaceOf(plainPath, 10),
      fc.array(fc.tuple(fc.constantFrom(...METHODS, "HEAD", "OPTIONS", "get"), plainPath), { minLength: 20 }),
      (surface, others) => {
        const rules = customRules(surface);
        const known = new Set(requestsOf(surface).map((request) => request.split("?")[0]));
        const strange = [
          ...others.map(([method, at]) => `${method} ${at}`),
          ...surface.http.flatMap(({ path: at }) => METHODS.map((method) => `${method} ${at}`)),
          ...surface.assets.map((at) => `GET ${at}x`),
        ].filter((request) => !known.has(request));
        expect(strange.filter((request) => !blocks(rules, request))).toEqual([]);
      },
    ),
    { numRuns: 60 },
  );
});

test("a surface that does not fit is compared by fewer segments, within 4,096 characters, and the report says so", () => {
  const http = Array.from({ length: 200 }, (_, index) => ({
    method: "GET" as const,
    path: `/api/v${index % 5}/resource-with-a-long-name-${index}` as const,
    rate: "read" as const,
  }));
  const surface = { ...SURFACE, http };
  const { report, rulesets } = policyFor(site, "free", surface);
  const rule = rulesets.flatMap(({ rules }) => rules).find(({ ref }) => ref === "not_in_surface");
  expect(rule?.expression.length).toBeLessThanOrEqual(4096);
  expect(rule?.expression).toContain('starts_with(http.request.uri.path, "/api/v4/")');
  expect(report.notAtTheEdge.filter(({ what }) => what.startsWith("some paths"))).toHaveLength(1);
  const rules = customRules(surface);
  expect(blocks(rules, "GET /api/v4/unknown")).toBe(false);
  expect(blocks(rules, "GET /api/v9/unknown")).toBe(true);
  expect(blocks(rules, "POST /api/v4/unknown")).toBe(true);
});

/** Paths with parameters beside paths without: few different fixed segments, so that they meet. */
const fewSegments = fc.constantFrom("api", "todos", "x", ".env", "a*b", "%2f");
const patternPath = fc
  .array(fc.oneof(fewSegments, fc.constantFrom(":id", ":other")), { minLength: 1, maxLength: 4 })
  .map((segments): `/${string}` => `/${segments.join("/")}`)
  .filter((path) => !path.includes("%"));
const strangePath = fc
  .array(fc.oneof(fewSegments, fc.constantFrom("", "7", "a%2Fb", "%252F", "%2e%2E", "..", "A", "a:b", "index.php")), {
    minLength: 1,
    maxLength: 5,
  })
  .map((segments) => `/${segments.join("/")}`);

test("path parameters are exact at the edge on every plan, also with %2F, dots and one segment more or less", () => {
  const seen = { blocked: 0, passed: 0 };
  fc.assert(
    fc.property(
      surfaceOf(patternPath, 8),
      fc.array(strangePath, { minLength: 30, maxLength: 60 }),
      (surface, paths) => {
        const withoutAssets = { ...surface, assets: ["/page"] };
        const rules = customRules(withoutAssets);
        for (const requested of paths) {
          for (const method of METHODS) {
            // Cloudflare has removed dots, doubled slashes and escaped dots before a rule sees the path
            const seenPath = normalizePath(requested);
            const isKnown = surface.http.some((entry) => entry.method === method && matchesPath(entry.path, seenPath));
            expect([method, requested, blocks(rules, `${method} ${requested}`)]).toEqual([method, requested, !isKnown]);
            seen[isKnown ? "passed" : "blocked"] += 1;
          }
        }
      },
    ),
    { numRuns: 40 },
  );
  expect(seen.passed).toBeGreaterThan(100);
  expect(seen.blocked).toBeGreaterThan(100);
});

test("a path with parameters needs no operator that Free lacks, and counts for its rate limit", () => {
  const http = [{ method: "DELETE", path: "/api/todos/:id/notes/:note", rate: "credential" }] as const;
  const { rulesets } = policyFor(site, "free", { ...SURFACE, http });
  const limit = rulesets.find(({ phase }) => phase === "http_ratelimit")?.rules[0];
  for (const text of [limit?.expression ?? "", JSON.stringify(rulesets)]) expect(text).not.toMatch(/ matches /);
  expect(limit?.expression).toContain('strict wildcard "/api/todos/*/notes/*"');
  for (const plan of ["free", "pro", "business", "enterprise"] as const) {
    const policy = policyFor(site, plan, { ...SURFACE, http });
    expect([plan, policyDiagnostics(policy, plan), policy.diagnostics]).toEqual([plan, [], []]);
  }
});

test("the real surface is said exactly", () => {
  expect(policyFor(site, "free").report.notAtTheEdge.filter(({ what }) => what.startsWith("some paths"))).toEqual([]);
});
