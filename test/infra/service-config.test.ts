/** `causeway:services`: what is read, and what is refused with a message. */
import { expect, test } from "@jest/globals";
import { StackConfigError } from "../../infra/config.ts";
import { readSite } from "../../infra/site-config.ts";

const valuesWith = (services: unknown, more: Readonly<Record<string, string>> = {}) => ({
  "causeway:zone": "example.com",
  "causeway:hostnames": '["chat.example.com"]',
  "causeway:services": typeof services === "string" ? services : JSON.stringify(services),
  ...more,
});

const read = (services: unknown, more?: Readonly<Record<string, string>>) =>
  readSite("causeway", "prod", valuesWith(services, more));

function problemsOf(services: unknown, more?: Readonly<Record<string, string>>): string[] {
  try {
    read(services, more);
  } catch (error) {
    if (!(error instanceof StackConfigError)) throw error;
    return error.problems.map(({ key, given, expected }) => `${key.replace("causeway:", "")} | ${given} | ${expected}`);
  }
  throw new Error("the configuration was accepted");
}

const status = { hostname: "status.example.com", origin: "http://127.0.0.1:3100" };

test("services are read as they are written, and none is the same as no key", () => {
  const services = [
    status,
    { hostname: "status.example.com", path: "/api/v1.0/~x_y-z", origin: "unix:/run/app/status.sock" },
    {
      hostname: "chat.example.com",
      path: "/grafana",
      origin: "https://10.0.0.5:8443",
      caPool: "/etc/causeway/internal ca.pem",
      originServerName: "grafana",
      http2Origin: true,
    },
  ];
  expect(read(services).services).toEqual(services);
  expect(read([])).not.toHaveProperty("services");
});

test("a guest may have services, and a record of a service's hostname may be adopted", () => {
  expect(read([status], { "causeway:role": "guest" })).toMatchObject({ role: "guest", services: [status] });
  const adopt = { records: { "status.example.com": "a".repeat(32) } };
  expect(read([status], { "causeway:adopt": JSON.stringify(adopt) }).adopt?.records).toEqual(adopt.records);
});

const HOSTNAME = "a hostname in lower case, without port or wildcard";
const NO_TLS = "nothing: it is an option of TLS, and the origin is not https";
test.each([
  [
    "a hostname with a wildcard",
    { ...status, hostname: "*.example.com" },
    `[0].hostname | "*.example.com" | ${HOSTNAME}`,
  ],
  ["no hostname", { origin: status.origin }, `[0].hostname | nothing | ${HOSTNAME}`],
  [
    "a hostname of another zone",
    { ...status, hostname: "status.example.org" },
    '[0].hostname | "status.example.org" | a hostname inside the zone example.com',
  ],
  [
    "all of a hostname of the gateway",
    { ...status, hostname: "chat.example.com" },
    '[0].hostname | "chat.example.com" | a `path` with it, or a hostname that is not in `hostnames`: all of that one is the gateway\'s',
  ],
  [
    "an unknown member",
    { ...status, noTLSVerify: true },
    /^\[0\]\.noTLSVerify \| true \| no such member; there are hostname, /,
  ],
  ["a caPool without TLS", { ...status, caPool: "/ca.pem" }, `[0].caPool | "/ca.pem" | ${NO_TLS}`],
  [
    "a server name over a socket",
    { ...status, origin: "unix:/run/a.sock", originServerName: "a.example" },
    `[0].originServerName | "a.example" | ${NO_TLS}`,
  ],
  ["HTTP/2 without TLS", { ...status, http2Origin: true }, `[0].http2Origin | true | ${NO_TLS}`],
  [
    "a relative caPool",
    { ...status, origin: "https://10.0.0.5", caPool: "ca.pem" },
    '[0].caPool | "ca.pem" | the absolute path of a PEM file on the connector\'s machine',
  ],
  [
    "a server name with a port",
    { ...status, origin: "https://10.0.0.5", originServerName: "a.example:443" },
    '[0].originServerName | "a.example:443" | the name that the origin\'s certificate has',
  ],
  [
    "HTTP/2 as a text",
    { ...status, origin: "https://10.0.0.5", http2Origin: "yes" },
    '[0].http2Origin | "yes" | true or false',
  ],
  ["a text in the place of a service", "status", /^\[0\] \| "status" \| an object, as in /],
] as const)("%s is refused", (_, service, expected) => {
  const problem = typeof expected === "string" ? `services${expected}` : undefined;
  const [first, ...more] = problemsOf([service]);
  expect(more).toEqual([]);
  if (problem === undefined) expect(first?.replace(/^services/, "")).toMatch(expected);
  else expect(first).toBe(problem);
});

test.each([
  "",
  "/",
  "grafana",
  "/grafana/",
  "/cdn-cgi",
  "/cdn-cgi/status",
  "/grafana//x",
  "/grafana/../api",
  "/./x",
  "/grafana/...",
  "/graf*",
  "/graf%61na",
  "/grafana?x",
  "/grafana x",
  "/graf\\ana",
  "/grafäna",
  '/graf"ana',
  `/${"a".repeat(200)}`,
  7,
])("the path %j is refused", (path) => {
  expect(problemsOf([{ ...status, path }])).toEqual([
    expect.stringMatching(/^services\[0\]\.path \| .* \| a path such as "\/grafana"/),
  ]);
});

test.each([
  "ftp://10.0.0.5",
  "http://10.0.0.5/x",
  "http://10.0.0.5/",
  "http://user@10.0.0.5",
  "10.0.0.5:80",
  "unix:run/app.sock",
  "unix:",
  "unix:/run/",
  "unix:/run/a\nb",
  `unix:/${"a".repeat(107)}`,
  "unix+tls:/run/app.sock",
  "http_status:200",
  undefined,
])("the origin %j is refused", (origin) => {
  expect(problemsOf([{ hostname: status.hostname, origin }])).toEqual([
    expect.stringMatching(/^services\[0\]\.origin \| .* \| http:\/\/host:port, https:\/\/host:port or unix:\/path/),
  ]);
});

test("all problems are reported at once, and what is no list is quoted", () => {
  expect(problemsOf([{ hostname: "Status.example.com", path: "/", origin: "x" }, status, status])).toEqual([
    expect.stringMatching(/^services\[0\]\.hostname \| /),
    expect.stringMatching(/^services\[0\]\.path \| /),
    expect.stringMatching(/^services\[0\]\.origin \| /),
    'services[2] | "status.example.com" | each hostname and path once',
  ]);
  expect(problemsOf("status.example.com")).toEqual([
    expect.stringMatching(/^services \| "status\.example\.com" \| a list of services, /),
  ]);
  expect(problemsOf(new Array(51).fill(status))).toEqual(["services | 51 | at most 50 services"]);
});

test("the hostname of a service is not one of a guest", () => {
  expect(problemsOf([status], { "causeway:guests": '["status.example.com"]' })).toEqual([
    'guests | "status.example.com" | a hostname of another stack: this one is in `hostnames` or `services`',
  ]);
});
