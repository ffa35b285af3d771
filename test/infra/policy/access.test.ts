/** Which assertion the tunnel asks for, whatever a client makes of a path. */
import { expect, test } from "@jest/globals";
import fc from "fast-check";
import { isPathNormalizationDisabled } from "../../../cloudflared/path-normalization.ts";
import { compileIngress, findRoute } from "../../../infra/local/tunnel/connector/ingress.ts";
import { decodedPath, normalizedPath } from "../../../infra/local/tunnel/connector/matched-path.ts";
import {
  type AccessApplication,
  ADMIN_PATHS,
  administratorApplications,
  policyDiagnostics,
  policyFor,
  provePolicy,
  type Site,
} from "../../../infra/policy/index.ts";
import { ingress } from "../../../infra/policy/ingress.ts";
import { compile, type Plan, requestFields } from "../../../infra/rules/index.ts";
import { PLANS, site as sample } from "./site.ts";

const application = (name: string, hostname: string, path?: string): AccessApplication => ({
  ...{ name, hostname, emails: ["ann@example.com"], emailDomains: [], serviceTokens: [], session: "24h" },
  ...(path !== undefined && { path }),
});
const site: Site = {
  ...sample,
  services: [
    { hostname: "status.example.com", origin: "http://10.0.0.4" },
    { hostname: "chat.example.com", path: "/grafana", origin: "http://10.0.0.5" },
    { hostname: "chat.example.com", path: "/admin/tools", origin: "http://10.0.0.6" },
  ],
  access: {
    team: "example",
    serviceTokens: {},
    applications: [
      application("admin", "chat.example.com", "/admin"),
      application("live", "chat.example.com", "/grafana/live"),
      application("status", "status.example.com"),
    ],
  },
};

const compiledSites = new WeakMap<Site, ReturnType<typeof compiledSite>>();

function compiledSite(of: Site) {
  const rules = ingress(of);
  const compiled = compileIngress({
    ingress: rules.map(({ application: _, originRequest: __, ...rule }) => rule),
  });
  if (!compiled.ok) throw new Error(compiled.message);
  return { rules, routes: compiled.routes };
}

function compiledOnce(of: Site) {
  const compiled = compiledSites.get(of) ?? compiledSite(of);
  compiledSites.set(of, compiled);
  return compiled;
}

/** The application whose assertion a request needs, and its origin: "NAME ORIGIN". */
function askedFor(uri: string, { host = "chat.example.com", cleans = false, of = site } = {}): string {
  const { rules, routes } = compiledOnce(of);
  const decoded = decodedPath(uri);
  if (decoded === undefined) return "400";
  const route = findRoute(routes, host, cleans ? normalizedPath(decoded) : decoded);
  const rule = route && rules[routes.indexOf(route)];
  return `${rule?.application ?? "none"} ${rule?.service.replace(/^http:\/\/|^http_status:/, "")}`;
}

test("every rule of a hostname or path with an application asks for its assertion", () => {
  expect(askedFor("/", { host: "status.example.com" })).toBe("status 10.0.0.4");
  expect(askedFor("/admin")).toBe("admin 127.0.0.1:3000");
  expect(askedFor("/admin/users")).toBe("admin 127.0.0.1:3000");
  expect(askedFor("/admin/tools/x")).toBe("admin 10.0.0.6");
  expect(askedFor("/grafana/live/ws")).toBe("live 10.0.0.5");
  expect(askedFor("/grafana/login")).toBe("none 10.0.0.5");
  expect(askedFor("/")).toBe("none 127.0.0.1:3000");
  expect(askedFor("/administrators")).toBe("none 127.0.0.1:3000");
  expect(askedFor("/admin", { host: "www.example.com" })).toBe("none 127.0.0.1:3000");
  expect(askedFor("/admin", { of: sample })).toBe("none 127.0.0.1:3000");
});

test("an application without a path takes what those with a path leave", () => {
  const access = { ...(site.access as never as NonNullable<Site["access"]>) };
  const of: Site = {
    ...site,
    access: { ...access, applications: [...access.applications, application("chat", "chat.example.com")] },
  };
  expect(askedFor("/", { of })).toBe("chat 127.0.0.1:3000");
  expect(askedFor("/grafana/x", { of })).toBe("chat 10.0.0.5");
  expect(askedFor("/grafana/live", { of })).toBe("live 10.0.0.5");
  expect(askedFor("/admin/x", { of })).toBe("admin 127.0.0.1:3000");
});

const SPELLINGS = [
  ...[
    "//admin",
    "/./admin",
    "/x/../admin",
    "/x/..%2fadmin",
    "/%2e%2e/admin",
    "/x%2f..%2fadmin",
    "/\\admin",
    "/x/..\\admin",
  ],
  ...["/ADMIN", "/Admin/users", "/%61dmin", "/admin%2fusers", "/admin;x", "/;x/admin", "/.;/admin", "/admin%3bx"],
  ...[
    "/admin.json",
    "/admin%20",
    "/admin%00",
    "/admin%0a",
    "/%252561dmin",
    "/%2561dmin",
    "/admin//",
    "/admin/.",
    "/admin\\x",
  ],
  ...[
    "/grafana/../admin",
    "/grafana//live",
    "/grafana/./live",
    "/grafana/LIVE",
    "/grafana/x/..%5clive",
    "/grafana/live;x",
  ],
];

test.each(SPELLINGS)("no spelling of a path gets around the check: %s", (uri) => {
  for (const cleans of [false, true]) expect(askedFor(uri, { cleans })).not.toMatch(/^none (?!404)/);
});

test("whatever an origin makes of a path, one that it could take for the protected one needs the assertion", () => {
  const piece = fc.constantFrom(
    ...["/", "//", "..", ".", "%2f", "%2e", "%5c", "\\", ";", "%25", "x", "admin", "ADMIN", "a", "%61"],
  );
  /** All that an origin might do to a path: decode it up to three times, clean it, remove parameters of segments. */
  const readings = (uri: string): readonly string[] => {
    let path = uri;
    const all: string[] = [];
    for (let round = 0; round < 3; round += 1) {
      const decoded = decodedPath(path) ?? path;
      all.push(path, decoded, normalizedPath(decoded), normalizedPath(decoded.replace(/;[^/]*/g, "")));
      path = decoded;
    }
    return all.map((one) => one.toLowerCase());
  };
  const isAdmin = (path: string) => /^\/admin(?:\/|$)/.test(path);
  let found = 0;
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 8 }), (pieces) => {
      const uri = `/${pieces.join("")}`;
      const isOpen = (cleans: boolean) => /^none (?!404)/.test(askedFor(uri, { cleans }));
      // where the connector cleans paths, those count that nothing changes
      const isExact = isAdmin(uri) && normalizedPath(decodedPath(uri) ?? "") === uri;
      if (!readings(uri).some(isAdmin)) return true;
      found += 1;
      return !isOpen(false) && !(isExact && isOpen(true));
    }),
    { numRuns: 5_000 },
  );
  expect(found).toBeGreaterThan(100);
});

test("P10: a connector that cleans paths lets an escaped one pass by, so those of the kit do not clean them", () => {
  for (const uri of ["/admin/%2f..", "/admin/x%2f..%2f.."]) {
    expect(askedFor(uri, { cleans: false })).toMatch(/^none 404/);
    expect(askedFor(uri, { cleans: true })).toBe("none 127.0.0.1:3000");
  }
  expect(isPathNormalizationDisabled({})).toBe(true);
});

test("the page to sign in is let pass on the hostnames that have an application, and on no other", () => {
  for (const plan of PLANS) {
    const rules = policyFor(site, plan).rulesets.flatMap((ruleset) => ruleset.rules);
    const rule = rules.find(({ ref }) => ref === "not_in_surface");
    const compiled = compile(rule?.expression ?? "");
    if (!compiled.ok) throw new Error("not_in_surface is no expression");
    const blocks = (uri: string, host: string) =>
      compiled.matches(
        requestFields({
          ...{ method: "GET", scheme: "https", host, uri, version: "HTTP/1.1", headers: [["Host", host]] },
          ...{ ip: "198.18.0.1", at: 0 },
        }),
      );
    expect(blocks("/cdn-cgi/access/login", "chat.example.com")).toBe(false);
    expect(blocks("/cdn-cgi/access/login", "www.example.com")).toBe(true);
    expect(blocks("/cdn-cgi/other", "chat.example.com")).toBe(true);
    expect(blocks("/cdn-cgi/access/..%2f..%2fapi/debug", "chat.example.com")).toBe(true);
  }
});

/** Whether the cache rules keep a request out of the cache; `normalizes` false: of a zone that leaves URLs as sent. */
function isNeverCached(of: Site, { plan = "free" as Plan, normalizes = true } = {}) {
  const rules = policyFor(of, plan).rulesets.find(({ phase }) => phase === "http_request_cache_settings")?.rules ?? [];
  const all = rules.map(({ expression }) => {
    const seen = normalizes ? expression : expression.replace(/(?<!raw\.)http\.request\.uri\.path/g, "raw.$&");
    const compiled = compile(seen);
    if (!compiled.ok) throw new Error(seen);
    return compiled;
  });
  return (uri: string, host = "chat.example.com"): boolean => {
    const fields = requestFields({
      ...{ method: "GET", scheme: "https", host, uri, version: "HTTP/1.1", headers: [["Host", host]] },
      ...{ ip: "198.18.0.1", at: 0 },
    });
    return all.some(({ matches }) => matches(fields));
  };
}

test("what is behind Access is never cached, of services too; the page beside it may be", () => {
  const is = isNeverCached(site);
  for (const host of ["status.example.com", "STATUS.example.com:8443", "status.example.com."])
    expect(is("/report.pdf", host)).toBe(true);
  expect(is("/grafana/live/plot.png")).toBe(true);
  expect(is("/grafana/LIVE/plot.png")).toBe(true);
  expect(is("/grafana/public/logo.png")).toBe(false);
  expect([is("/"), is("/", "www.example.com"), is("/report.pdf", "other.example.com")]).toEqual([false, false, false]);
  const { access: _, ...open } = site;
  expect(isNeverCached(open)("/report.pdf", "status.example.com")).toBe(false);
});

test("no request that needs an assertion is cached, however its path is written", () => {
  const piece = fc.constantFrom(
    ..."/ // .. . %2f %2e %5c \\ ; %25 x grafana Grafana %67rafana live LIVE liv%65 admin ADMIN .png %00".split(" "),
  );
  for (const normalizes of [true, false]) {
    const is = isNeverCached(site, { normalizes });
    let found = 0;
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 8 }), (pieces) => {
        const uri = `/${pieces.join("")}`;
        const isAsked = [true, false].some((cleans) => !/^(?:none|400)/.test(askedFor(uri, { cleans })));
        if (isAsked) found += 1;
        return !isAsked || is(uri);
      }),
      { numRuns: 10_000 },
    );
    expect(found).toBeGreaterThan(50);
  }
});

const many = (count: number, path?: string): Site => {
  const hostnames = Array.from({ length: count }, (_, index) => `service-${index}.of-a-department.example.com`);
  const applications = hostnames.map((hostname, index) => application(`app-${index}`, hostname, path));
  return {
    ...sample,
    services: hostnames.map((hostname) => ({ hostname, origin: "http://10.0.0.4", ...(path && { path }) })),
    access: { team: "example", serviceTokens: {}, applications },
  };
};

test.each([
  ["the sample", site],
  ["paths that do not fit an expression", many(8, `/${"reports-of-a-year/".repeat(10)}all`)],
  ["hostnames that do not fit an expression beside the guard", many(11)],
  ["all hostnames", { ...many(1), hostnames: ["service-0.of-a-department.example.com"] }],
] as readonly (readonly [string, Site])[])(
  "with Access the policy is within each plan, and proved: %s",
  (_name, of) => {
    for (const plan of PLANS) {
      const policy = policyFor(of, plan);
      const rulesets = policy.rulesets.filter(({ phase }) => phase === "http_request_cache_settings");
      expect(policyDiagnostics({ rulesets }, plan)).toEqual([]);
      expect(provePolicy({ ...policy, rulesets, stories: [], site: of, plan }).diagnostics).toEqual([]);
      for (const { hostname, path = "" } of of.access?.applications ?? [])
        expect(isNeverCached(of, { plan })(`${path}/report.pdf`, hostname)).toBe(true);
    }
  },
);

test("a guest deploys no cache rule, and its report says what its services have to do", () => {
  const why = (of: Site) => policyFor({ ...of, role: "guest" }, "free").report.notAtTheEdge.map(({ what }) => what);
  const line = "files of services behind Access that must not be cached";
  expect([why(site).includes(line), why(sample).includes(line)]).toEqual([true, false]);
});

test("administrators come through the applications that cover all their paths on a hostname of the gateway", () => {
  const through = (...applications: readonly AccessApplication[]) =>
    administratorApplications(
      { hostnames: site.hostnames, access: { team: "example", serviceTokens: {}, applications } },
      ADMIN_PATHS,
    );
  expect(ADMIN_PATHS).toContain("/api/admin/users");
  expect(through(application("www", "www.example.com"))).toEqual(["www"]);
  expect(through(application("api", "chat.example.com", "/api/admin"))).toEqual(["api"]);
  const whole = application("chat", "chat.example.com");
  expect(through(whole, application("api", "chat.example.com", "/api/admin"))).toEqual(["api"]);
  expect(through(whole, application("audit", "chat.example.com", "/api/admin/audit")).toSorted()).toEqual([
    "audit",
    "chat",
  ]);
  // other paths of administrators would be refused: nothing leads to them through Access
  expect(through(application("audit", "chat.example.com", "/api/admin/audit"))).toEqual([]);
  expect(through(application("grafana", "chat.example.com", "/grafana"))).toEqual([]);
  expect(through(application("status", "status.example.com"))).toEqual([]);
  expect(administratorApplications(sample, ADMIN_PATHS)).toEqual([]);
});
