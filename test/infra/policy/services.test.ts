/** Services behind the same tunnel: which rules bind them, and where the tunnel sends their requests. */
import { describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import { compileIngress, findRoute } from "../../../infra/local/tunnel/connector/ingress.ts";
import { normalizedPath } from "../../../infra/local/tunnel/connector/matched-path.ts";
import { and } from "../../../infra/policy/expression.ts";
import { onHostnames } from "../../../infra/policy/hostnames.ts";
import { apiRuleset, policyDiagnostics, policyFor, provePolicy, type Site } from "../../../infra/policy/index.ts";
import { ingress } from "../../../infra/policy/ingress.ts";
import type { RuleFile } from "../../../infra/policy/rule.ts";
import { compile, lint, type Plan, requestFields } from "../../../infra/rules/index.ts";
import { foldersWith } from "./kit-policy.ts";
import { PLANS, site as sample } from "./site.ts";

const GRAFANA = "https://10.0.0.5:8443";
const STATUS = "unix:/run/status.sock";
const site: Site = {
  ...sample,
  services: [
    { hostname: "status.example.com", origin: STATUS },
    { hostname: "chat.example.com", path: "/grafana", origin: GRAFANA, caPool: "/ca.pem", http2Origin: true },
    { hostname: "chat.example.com", path: "/grafana/live", origin: "http://10.0.0.6" },
    { hostname: "status.example.com", path: "/v1.0", origin: "http://10.0.0.7" },
  ],
};
const { services: _, ...withoutServices } = site;

/** Expressions by ref; `normalizes` false: of a zone that does not normalize URLs. */
function expressionsOf(of: Site, { plan = "pro" as Plan, normalizes = true, folders = foldersWith() } = {}) {
  return new Map(
    policyFor(of, plan, undefined, folders).rulesets.flatMap(({ rules }) =>
      rules.map(({ ref, expression }) => {
        const seen = normalizes ? expression : expression.replace(/(?<!raw\.)http\.request\.uri\.path/g, "raw.$&");
        const compiled = compile(seen);
        if (!compiled.ok) throw new Error(seen);
        return [ref, compiled] as const;
      }),
    ),
  );
}

const fieldsOf = (uri: string, host: string, method = "GET", scheme: "http" | "https" = "https") =>
  requestFields({ method, scheme, host, uri, version: "HTTP/1.1", headers: [["Host", host]], ip: "198.18.0.1", at: 0 });

function refsThatMatch(uri: string, host: string, options: Parameters<typeof expressionsOf>[1] = {}, of = site) {
  const fields = fieldsOf(uri, host);
  return [...expressionsOf(of, options)].flatMap(([ref, { matches }]) => (matches(fields) ? [ref] : []));
}

/** The origin that a connector sends a request to; with `cleans`, one whose path normalization is on. */
function originOf(uri: string, host: string, cleans = false): string {
  const compiled = compileIngress({
    ingress: ingress(site).map(({ hostname, path, service }) => ({
      ...(hostname !== undefined && { hostname }),
      ...(path !== undefined && { path }),
      service,
    })),
  });
  if (!compiled.ok) throw new Error(compiled.message);
  const [raw = ""] = uri.split("?");
  const decoded = raw.replace(/%([0-9A-Fa-f]{2})/g, (_all, hex: string) =>
    String.fromCharCode(Number.parseInt(hex, 16)),
  );
  const route = findRoute(compiled.routes, host, cleans ? normalizedPath(decoded) : decoded);
  if (route === undefined) throw new Error("the last rule takes every request");
  const { service } = route;
  if (service.kind === "unix") return `unix:${service.path}`;
  return service.kind === "status"
    ? `${service.status}`
    : `http${service.tls ? "s" : ""}://${service.host}:${service.port}`;
}

test("services come before the gateway, the longest path first, and every other host gets 404", () => {
  expect(ingress(site).map(({ hostname, path, service }) => [hostname, path, service])).toEqual([
    ["chat.example.com", "^/grafana/live(?:/|$)", "http://10.0.0.6"],
    ["chat.example.com", "^/grafana(?:/|$)", GRAFANA],
    ["status.example.com", "^/v1\\.0(?:/|$)", "http://10.0.0.7"],
    ["status.example.com", undefined, STATUS],
    ["chat.example.com", undefined, site.origin],
    ["www.example.com", undefined, site.origin],
    [undefined, undefined, "http_status:404"],
  ]);
  expect(ingress(site)[1]?.originRequest).toMatchObject({ caPool: "/ca.pem", http2Origin: true, connectTimeout: 30 });
  const gateway = site.origin;
  for (const [uri, host, expected] of [
    ["/grafana", "chat.example.com", GRAFANA],
    ["/grafana/?from=now", "chat.example.com", GRAFANA],
    ["/grafana/live/ws", "chat.example.com", "http://10.0.0.6:80"],
    ["/grafana/lively", "chat.example.com", GRAFANA],
    ["/grafanax", "chat.example.com", gateway],
    ["/Grafana", "chat.example.com", gateway],
    ["/grafana%0a", "chat.example.com", gateway],
    ["/x/grafana", "chat.example.com", gateway],
    ["/grafana", "www.example.com", gateway],
    ["/v1.0/x", "status.example.com", "http://10.0.0.7:80"],
    ["/v1x0/x", "status.example.com", STATUS],
    ["/", "other.example.com", "404"],
  ] as const)
    expect([uri, host, originOf(uri, host)]).toEqual([uri, host, expected]);
});

describe("what the surface of the backend lacks is blocked where the backend would get it", () => {
  const BACKEND = ["not_in_surface", "cache_bypass"];
  test.each([
    ["/grafana", []],
    ["/grafana/", []],
    ["/grafana/d/a..b?x=/..", []],
    ["/grafana/a%2Fb", []],
    ["/grafana//x", []],
    ["/grafanax", BACKEND],
    ["/Grafana/x", BACKEND],
    ["//grafana/x", BACKEND],
    ["/api/../grafana/x", BACKEND],
    ["/grafana/../api/debug", BACKEND],
    ["/grafana/%2e%2E/api/debug", BACKEND],
    ["/grafana/..%2fapi/debug", BACKEND],
    ["/grafana/x%2F../../api/debug", BACKEND],
    ["/grafana%2f..%2fapi/debug", BACKEND],
    ["/grafana\\..\\api\\debug", BACKEND],
    ["/grafana/x%5C..%5c..%5capi", BACKEND],
    ["/%67rafana/x", BACKEND],
    ["/grafana;x", BACKEND],
    ["/grafana%00", BACKEND],
  ])("%s", (uri, expected) => {
    for (const normalizes of [true, false])
      expect([normalizes, refsThatMatch(uri, "chat.example.com", { normalizes })]).toEqual([normalizes, expected]);
    expect(refsThatMatch(uri, "www.example.com")).toEqual(BACKEND);
    expect(refsThatMatch(uri, "status.example.com")).toEqual([]);
  });

  test("a path that a rule of others rewrites is the backend's, in both directions", () => {
    const all = expressionsOf(site);
    for (const [uri, rewritten] of [
      ["/grafana/x", "/api/debug"],
      ["/x", "/grafana/x"],
    ] as const) {
      const facts = { method: "GET", scheme: "https", host: "chat.example.com", uri, version: "HTTP/1.1" } as const;
      const given = { "http.request.uri.path": rewritten };
      const fields = requestFields({ ...facts, headers: [["Host", facts.host]], ip: "198.18.0.1", at: 0, given });
      expect([uri, all.get("not_in_surface")?.matches(fields)]).toEqual([uri, true]);
    }
  });

  test("however a path is written, what the rules leave alone never reaches the gateway", () => {
    const piece = fc.constantFrom(
      ..."/ // /. .. /.. %2e %2E . \\ %5c %2f %2F grafana Grafana %67rafana live api x ; % %00 %0a ?".split(" "),
    );
    for (const normalizes of [true, false]) {
      const [all, backend] = [site, withoutServices].map((of) => expressionsOf(of, { normalizes }));
      fc.assert(
        fc.property(fc.boolean(), fc.array(piece, { maxLength: 8 }), (below, pieces) => {
          const uri = `/${below ? "grafana/" : ""}${pieces.join("")}`;
          const fields = fieldsOf(uri, "chat.example.com");
          for (const ref of ["not_in_surface", "cache_bypass"]) {
            const isLeftAlone = backend?.get(ref)?.matches(fields) && !all?.get(ref)?.matches(fields);
            if (!isLeftAlone) continue;
            for (const cleans of [true, false]) expect(originOf(uri, "chat.example.com", cleans)).not.toBe(site.origin);
          }
        }),
        { numRuns: 3000 },
      );
    }
  });
});

test("a service on every hostname of the gateway is named once, and other rules bind services", () => {
  const both = ["chat.example.com", "www.example.com"].map((hostname) => ({ hostname, path: "/g", origin: GRAFANA }));
  const everywhere = { ...site, services: both };
  for (const host of ["chat.example.com", "WWW.example.com:8443"])
    expect(refsThatMatch("/g/x", host, {}, everywhere)).toEqual([]);
  for (const host of ["status.example.com", "status.example.com:1", "STATUS.example.com."])
    expect(refsThatMatch("/.env", host)).toEqual(["scanner_paths"]);
  expect(refsThatMatch("/grafana/.env", "chat.example.com")).toEqual(["scanner_paths"]);
  const plain = fieldsOf("/login", "status.example.com", "POST", "http");
  expect(expressionsOf(site).get("plain_http")?.matches(plain)).toBe(true);
});

test.each(PLANS)("with services the policy is within the %s plan, and its examples hold", (plan) => {
  const policy = policyFor(site, plan);
  expect(policyDiagnostics(policy, plan)).toEqual([]);
  expect(provePolicy({ ...policy, stories: [], site, plan }).diagnostics).toEqual([]);
  const known = new Set(
    lint({ plan, rulesets: policyFor(sample, plan).rulesets.map(apiRuleset) }).map(({ code }) => code),
  );
  const found = lint({ plan, rulesets: policy.rulesets.map(apiRuleset) }).map(({ code }) => code);
  // the guard compares the path as received beside the normalized one
  expect(found.filter((code) => !known.has(code) && code !== "raw-path")).toEqual([]);
});

test("a security admin writes a rule for a service, and it is proved", () => {
  const statusAdmin: RuleFile = ({ site: { services = [] } }) => {
    const hostname = "status.example.com";
    if (!services.some((service) => service.hostname === hostname)) return undefined;
    return {
      ref: "status_admin",
      description: "Only Germany changes the status page",
      when: and(onHostnames([hostname]), 'http.request.method ne "GET" and ip.src.country ne "DE"'),
      action: "block",
      examples: {
        match: [
          { request: `POST https://${hostname}/incidents`, visitor: "tor" },
          { request: `POST https://${hostname}:8443/incidents`, visitor: "tor" },
        ],
        pass: [`POST https://${hostname}/incidents`, { request: "POST /api/auth/login", visitor: "tor" }],
      },
    };
  };
  const folders = foldersWith([statusAdmin]);
  const policy = policyFor(site, "free", undefined, folders);
  expect(policy.diagnostics).toEqual([]);
  const story = {
    file: "infra/policy/stories/status.json",
    json: JSON.stringify({
      story: "a stranger and the status page",
      steps: [
        { request: "GET https://status.example.com/anything", visitor: "tor", expect: "pass" },
        { request: "POST https://status.example.com/incidents", visitor: "tor", expect: "block", by: "status_admin" },
        { request: "POST https://chat.example.com/grafana/api/ds/query", expect: "pass" },
        { request: "POST https://chat.example.com/grafana/../api/debug", expect: "block", by: "not_in_surface" },
      ],
    }),
  };
  const proof = provePolicy({ ...policy, stories: [story], site, plan: "free" });
  expect([proof.diagnostics, proof.stories]).toEqual([[], 1]);
  const elsewhere = policyFor(sample, "free", undefined, folders);
  expect(elsewhere.rulesets.flatMap(({ rules }) => rules).map(({ ref }) => ref)).not.toContain("status_admin");
});
