import { fileURLToPath } from "node:url";
import { describe, expect, test } from "@jest/globals";
import { compileIngress, findRoute } from "../../../../../infra/local/tunnel/connector/ingress.ts";
import { compilePath } from "../../../../../infra/local/tunnel/connector/path-pattern.ts";
import type { TunnelConfiguration } from "../../../../../infra/local/tunnel/index.ts";

const NO_PEM = fileURLToPath(import.meta.url);
const rest = { service: "http_status:404" };

/** The index of the rule that takes a request, recognized by its port. */
function taken(config: TunnelConfiguration, host: string, path = "/"): number | undefined {
  const compiled = compileIngress(config);
  if (!compiled.ok) throw new Error(compiled.message);
  const route = findRoute(compiled.routes, host, path);
  return route && compiled.routes.indexOf(route);
}

function refused(config: unknown): string {
  const compiled = compileIngress(config as TunnelConfiguration);
  return compiled.ok ? "" : compiled.message;
}

describe("which rule takes a request", () => {
  const ingress = [
    { hostname: "a.example.com", path: "^/api(/|$)", service: "http://127.0.0.1:1" },
    { hostname: "a.example.com", service: "http://127.0.0.1:2" },
    { hostname: "*.example.com", service: "http://127.0.0.1:3" },
    { hostname: "b\u00fccher.example", service: "http://127.0.0.1:4" },
    { hostname: "*", path: "admin", service: "http://127.0.0.1:5" },
    rest,
  ];
  test.each([
    ["a.example.com", "/api", 0],
    ["a.example.com:8443", "/api/x", 0],
    ["a.example.com", "/apis", 1],
    ["b.example.com", "/", 2],
    ["x.b.example.com", "/", 2],
    ["example.com", "/", 5],
    ["notexample.com", "/", 5],
    ["xn--bcher-kva.example", "/", 3],
    ["other.test", "/x/admin/y", 4],
    ["A.EXAMPLE.COM", "/", 5],
  ])("%s%s -> rule %i, as cloudflared has it", (host, path, index) => {
    expect(taken({ ingress }, host, path)).toBe(index);
  });

  test("without any rule everything is 503", () => {
    for (const config of [{}, { ingress: [] }]) {
      const compiled = compileIngress(config);
      expect(compiled.ok && compiled.routes[0]?.service).toEqual({ kind: "status", status: 503 });
    }
  });
});

test("services and origin parameters are read with cloudflared's defaults, a rule's own before the common ones", () => {
  const compiled = compileIngress({
    originRequest: { connectTimeout: 5, keepAliveConnections: 7, httpHostHeader: "all" },
    ingress: [
      { hostname: "a", service: "https://[::1]:8443", originRequest: { connectTimeout: 1.5, noTLSVerify: true } },
      { hostname: "b", service: "ws://origin" },
      { hostname: "c", service: "unix+tls:/run/gateway.sock" },
      rest,
    ],
  });
  if (!compiled.ok) throw new Error(compiled.message);
  const [a, b, c] = compiled.routes;
  expect(a?.service).toEqual({ kind: "tcp", tls: true, host: "::1", port: 8443 });
  expect(a?.settings).toMatchObject({
    connectTimeoutMs: 1500,
    keepAliveConnections: 7,
    httpHostHeader: "all",
    noTlsVerify: true,
    tlsTimeoutMs: 10_000,
    keepAliveTimeoutMs: 90_000,
  });
  expect(b?.service).toEqual({ kind: "tcp", tls: false, host: "origin", port: 80 });
  expect(c?.service).toEqual({ kind: "unix", tls: true, path: "/run/gateway.sock" });
});

describe("a configuration that cannot be served as it says is refused as a whole", () => {
  const one = (rule: object) => ({ ingress: [{ hostname: "a", service: "http://x", ...rule }, rest] });
  test.each([
    [{ ingress: [{ hostname: "a", service: "http://x" }] }, /last ingress rule/],
    [{ ingress: [rest, rest] }, /never used/],
    [{ ingress: "x" }, /not a list/],
    [{ ingress: [null] }, /not an object/],
    [one({ hostname: "a:80" }), /port/],
    [one({ hostname: "a.*.b" }), /wildcard/],
    [one({ hostname: "*a" }), /wildcard/],
    [one({ hostname: 5 }), /not a text/],
    [one({ path: "(" }), /no regular expression/],
    [one({ path: "\\Qa.b\\E" }), /only one of Go and Rust/],
    [one({ path: "[a[b]]" }), /class within a class/],
    [one({ service: "http://x/path" }), /more than a scheme/],
    [one({ service: "http://user:pw@x" }), /more than a scheme/],
    [one({ service: "tcp://x:22" }), /cannot|can reach/],
    [one({ service: "nonsense" }), /can reach/],
    [one({ service: "http_status:101" }), /no final status/],
    [one({ originRequest: { connectTimeout: "5s" } }), /connectTimeout is not a number/],
    [one({ originRequest: { keepAliveConnections: -1 } }), /keepAliveConnections/],
    [one({ originRequest: [] }), /not an object/],
    [
      { originRequest: { caPool: "/missing.pem" }, ...one({}) },
      /caPool: \/missing\.pem on the connector's machine cannot be used: ENOENT.*; put the PEM/,
    ],
    [one({ originRequest: { caPool: NO_PEM } }), /cannot be used: it has no certificate in PEM; /],
    [one({ originRequest: { caPool: "/dev/null" } }), /cannot be used: it is not a regular file; /],
    [one({ originRequest: { caPool: 7 } }), /originRequest\.caPool is not a text/],
  ])("%j", (config, message) => {
    expect(refused(config)).toMatch(message);
  });

  test.each([
    [{ required: true, audTag: ["a"] }, /no team's name/],
    [{ required: true, teamName: "evil.example/#", audTag: ["a"] }, /no team's name/],
    [{ required: true, teamName: "t", audTag: "a" }, /audTag is not a list/],
    [{ required: true, teamName: "t", audTag: [5] }, /audTag is not a list/],
    [{ required: true, teamName: "t", audTag: ["a"], environment: "fed" }, /environment is not supported/],
    [{ required: "true", teamName: "t", audTag: ["a"] }, /required is neither true nor false/],
    [{ required: 1, teamName: "t", audTag: ["a"] }, /required is neither true nor false/],
    ["t", /not an object/],
  ])("hazard: a rule whose assertions cannot be checked is not served without the check: %j", (access, message) => {
    expect(refused(one({ originRequest: { access } }))).toMatch(message);
  });

  test("hazard: an access for all rules, which cloudflared ignores, is refused", () => {
    expect(refused({ ...one({}), originRequest: { access: { required: true } } })).toMatch(/protects nothing/);
  });
});

test("hazard: a path pattern that backtracks in JavaScript runs in linear time (ReDoS)", () => {
  const pattern = compilePath("^(a+)+$");
  if (!pattern.ok) throw new Error(pattern.message);
  expect(pattern.matches(`/${"a".repeat(50_000)}!`)).toBe(false);
  expect(pattern.matches("aaaa")).toBe(true);
});
