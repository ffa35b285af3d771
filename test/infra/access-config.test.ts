/** `causeway:access`: what is read, and what is refused with a message. */
import { expect, test } from "@jest/globals";
import { StackConfigError } from "../../infra/config.ts";
import { readSite } from "../../infra/site-config.ts";

const read = (access: unknown, more: Readonly<Record<string, string>> = {}) =>
  readSite("causeway", "prod", {
    "causeway:zone": "example.com",
    "causeway:hostnames": '["chat.example.com","admin.example.com"]',
    "causeway:access": typeof access === "string" ? access : JSON.stringify(access),
    ...more,
  });

function problemsOf(access: unknown): string[] {
  try {
    read(access);
  } catch (error) {
    if (!(error instanceof StackConfigError)) throw error;
    return error.problems.map(({ key, given, expected }) => `${key.replace("causeway:", "")} | ${given} | ${expected}`);
  }
  throw new Error("the configuration was accepted");
}

const admin = { name: "admin", hostname: "admin.example.com", emails: ["ann@example.com"] };
const access = { team: "example", applications: [admin] };
const withApplication = (more: object) => ({ ...access, applications: [{ ...admin, ...more }] });

test("access is read with its defaults, lists sorted", () => {
  const path = { name: "metrics", hostname: "chat.example.com", path: "/metrics", serviceTokens: ["ci"] };
  const given = {
    team: "example",
    applications: [{ ...admin, emails: ["bob@example.com", "Ann@example.com"], emailDomains: ["example.org"] }, path],
    serviceTokens: { ci: {} },
  };
  expect(read(given).access).toEqual({
    team: "example",
    applications: [
      {
        name: "admin",
        hostname: "admin.example.com",
        emails: ["Ann@example.com", "bob@example.com"],
        emailDomains: ["example.org"],
        serviceTokens: [],
        session: "24h",
      },
      { ...path, emails: [], emailDomains: [], session: "24h" },
    ],
    serviceTokens: { ci: { duration: "8760h" } },
  });
  expect(read(access, { "causeway:role": "guest" })).toMatchObject({ role: "guest", access: { team: "example" } });
});

test.each([
  ["a text", "admin", 'access | "admin" | an object'],
  ["a team with its domain", { ...access, team: "example.cloudflareaccess.com" }, "access.team | "],
  ["no application", { ...access, applications: [] }, "access.applications | [] | a list of 1 to 50"],
  ["a member that does not exist", { ...access, bypass: true }, "access.bypass | true | no such member"],
  ["no application's member", withApplication({ everyone: true }), "access.applications[0].everyone | true | no such"],
  ["a name with a space", withApplication({ name: "the admin" }), 'access.applications[0].name | "the admin" | '],
  ["a hostname of others", withApplication({ hostname: "shop.example.com" }), "access.applications[0].hostname | "],
  ["a path with a slash at its end", withApplication({ path: "/admin/" }), 'access.applications[0].path | "/admin/"'],
  ["a path with dots", withApplication({ path: "/a/../b" }), "access.applications[0].path | "],
  ["a pattern as a path", withApplication({ path: "/a*" }), "access.applications[0].path | "],
  ["nobody who may reach it", withApplication({ emails: [] }), "who may reach it"],
  ["no address", withApplication({ emails: ["example.com"] }), 'access.applications[0].emails | "example.com" | '],
  ["a wildcard address", withApplication({ emailDomains: ["*"] }), 'access.applications[0].emailDomains | "*" | '],
  ["an address twice", withApplication({ emails: ["a@b.de", "a@b.de"] }), "each once"],
  ["an unknown token", withApplication({ serviceTokens: ["ci"] }), 'access.applications[0].serviceTokens | "ci" | '],
  ["too long a session", withApplication({ session: "731h" }), 'access.applications[0].session | "731h" | '],
  ["a token that no application takes", { ...access, serviceTokens: { ci: {} } }, "that an application names"],
  [
    "a duration without a unit",
    { ...withApplication({ serviceTokens: ["ci"] }), serviceTokens: { ci: { duration: "8760" } } },
    'access.serviceTokens.ci.duration | "8760" | ',
  ],
  [
    "one place twice",
    {
      ...access,
      applications: [
        { ...admin, path: "/a" },
        { ...admin, name: "b", path: "/A" },
      ],
    },
    "each hostname and path once",
  ],
  [
    "one name twice",
    { ...access, applications: [admin, { ...admin, hostname: "chat.example.com" }] },
    "each name once",
  ],
])("refused: %s", (_what, given, problem) => {
  expect(problemsOf(given).join("\n")).toContain(problem);
});

test("a part of what a service serves is not protected by itself: its origin may read a path differently", () => {
  const services = [
    { hostname: "status.example.com", origin: "http://10.0.0.4" },
    { hostname: "status.example.com", path: "/ops", origin: "http://10.0.0.5" },
    // the same origin as without a path
    { hostname: "status.example.com", path: "/same", origin: "http://10.0.0.4" },
    { hostname: "chat.example.com", path: "/grafana", origin: "http://10.0.0.6" },
    { hostname: "tools.example.com", path: "/one", origin: "http://10.0.0.7" },
    { hostname: "tools.example.com", path: "/one/below", origin: "http://10.0.0.7" },
    // the same origin as a path beside it
    { hostname: "tools.example.com", path: "/two", origin: "http://10.0.0.8" },
    { hostname: "tools.example.com", path: "/two-more", origin: "http://10.0.0.8" },
  ];
  const readOne = (hostname: string, path?: string) =>
    read(withApplication({ hostname, path }), { "causeway:services": JSON.stringify(services) }).access?.applications;
  for (const [hostname, path] of [
    ["status.example.com", "/admin"],
    ["status.example.com", "/same"],
    ["chat.example.com", "/grafana/live"],
    ["tools.example.com", "/two"],
  ] as const)
    expect(() => readOne(hostname, path)).toThrow("a hostname of its own");
  for (const [hostname, path] of [
    ["status.example.com", undefined],
    ["status.example.com", "/ops"],
    ["tools.example.com", "/one"],
    ["chat.example.com", "/grafana"],
    ["chat.example.com", "/api/admin"],
  ] as const)
    expect(readOne(hostname, path)).toHaveLength(1);
});

test.each([
  ["http://127.0.0.1:3000", "http://localhost:3000", true],
  ["http://127.0.0.1:3000", "http://[::1]:3000", true],
  ["http://127.0.0.1:3000", "http://127.0.0.2:3000", true],
  ["http://127.0.0.1:3000", "http://0.0.0.0:3000", true],
  ["http://127.0.0.1:3000", "http://[::]:3000", true],
  ["http://127.0.0.1:3000", "http://[::ffff:127.0.0.1]:3000", true],
  ["http://127.0.0.1:3000", "http://2130706433:3000", true],
  ["http://127.0.0.1:3000", "https://tools.localhost.:3000", true],
  ["http://127.0.0.1", "http://localhost:80", true],
  ["https://127.0.0.1", "http://localhost:443", true],
  ["http://10.0.0.4", "http://[::ffff:a00:4]", true],
  ["http://[2001:db8::1]", "http://[2001:db8:0:0::1]", true],
  ["http://tools.internal", "http://Tools.Internal.", true],
  ["unix:/run/tools.sock", "unix:/run//x/../tools.sock", true],
  ["http://127.0.0.1:3000", "http://localhost:3001", false],
  ["http://127.0.0.1", "https://127.0.0.1", false],
  ["http://10.0.0.4", "http://10.0.0.5", false],
  ["http://notlocalhost", "http://localhost", false],
  ["unix:/run/tools.sock", "unix:/run/Tools.sock", false],
])("origins are compared by what they reach: %s and %s", (own, other, isSame) => {
  const hostname = "tools.example.com";
  const services = [
    { hostname, path: "/own", origin: own },
    { hostname, origin: other },
  ];
  const given = withApplication({ hostname, path: "/own" });
  const reading = () => read(given, { "causeway:services": JSON.stringify(services) });
  if (isSame) expect(reading).toThrow("a hostname of its own");
  else expect(reading().access?.applications).toHaveLength(1);
});

test("all problems are told at once", () => {
  const given = { team: "A", applications: [{ ...admin, name: "A", hostname: "x", session: "1d", emails: ["@"] }] };
  expect(problemsOf(given)).toHaveLength(6);
});

test("a name at Cloudflare that would be too long is refused", () => {
  const zone = `${"a".repeat(60)}.${"b".repeat(60)}.${"c".repeat(60)}.${"d".repeat(20)}.com`;
  const hostnames = JSON.stringify([`chat.${zone}`]);
  const long = withApplication({ name: "a".repeat(40), hostname: `chat.${zone}` });
  expect(() => read(long, { "causeway:zone": zone, "causeway:hostnames": hostnames })).toThrow(
    "at most 255 characters",
  );
});
