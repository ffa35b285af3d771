import { expect, test } from "@jest/globals";
import fc from "fast-check";
import { exampleFacts, policyFor, SURFACE, type Surface } from "../../../infra/policy/index.ts";
import { type Compiled, compile, requestFields } from "../../../infra/rules/index.ts";
import { site } from "./site.ts";

const METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE"] as const;
const segment = fc.oneof(
  { weight: 8, arbitrary: fc.stringMatching(/^[a-z0-9._~!$&'()*+,;=:@-]{1,12}$/) },
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

test("the real surface is said exactly", () => {
  expect(policyFor(site, "free").report.notAtTheEdge.filter(({ what }) => what.startsWith("some paths"))).toEqual([]);
});
