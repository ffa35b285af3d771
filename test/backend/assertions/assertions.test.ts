import { createHmac } from "node:crypto";
import type { ServerResponse } from "node:http";
import { afterAll, beforeAll, beforeEach, expect, test } from "@jest/globals";
import jsonwebtoken from "jsonwebtoken";
import {
  certificatesUrl,
  checkAssertion,
  isTeamName,
  MAX_ASSERTION_CHARACTERS,
  TeamCertificates,
} from "../../../backend/assertions/index.ts";
import { AUDIENCE, assertionBy, keySetOf, signingKey, TEAM, TestTeam } from "./test-team.ts";

const [first, second, foreign, weak] = [
  signingKey("first"),
  signingKey("second"),
  signingKey("first"), // another key by the same name
  signingKey("weak", 1024),
];
let team: TestTeam;
const lines: string[] = [];

beforeAll(async () => {
  team = await TestTeam.start();
});
afterAll(() => team.stop());
beforeEach(() => {
  team.rotateTo(first);
  team.instead = undefined;
  team.requests = 0;
  lines.length = 0;
});

const certificates = (cooldownMs?: number, url = team.url) =>
  new TeamCertificates(TEAM, { url, log: (line) => lines.push(line), ...(cooldownMs !== undefined && { cooldownMs }) });

const check = async (assertion: string | undefined, of = certificates()) =>
  (await checkAssertion(assertion, of, ["b2".repeat(32), AUDIENCE])).kind;

const now = () => Math.floor(Date.now() / 1000);

test("an assertion of the team for the application is accepted", async () => {
  expect(await check(assertionBy(first))).toBe("accepted");
  expect(await check(assertionBy(first, { claims: { aud: AUDIENCE, nbf: undefined } }))).toBe("accepted");
  // of a service token
  expect(await check(assertionBy(first, { claims: { sub: "", email: undefined, common_name: "ci" } }))).toBe(
    "accepted",
  );
});

test.each([
  ["none", undefined, "missing"],
  ["an empty one", "", "missing"],
  ["no token", "x.y.z", "invalid"],
  ["two headers, joined as Node.js joins them", "TWICE", "invalid"],
  ["too long a one", "a".repeat(MAX_ASSERTION_CHARACTERS + 1), "invalid"],
  ["for another application", { claims: { aud: ["c3".repeat(32)] } }, "foreign-audience"],
  ["for no application", { claims: { aud: undefined } }, "foreign-audience"],
  ["of another team", { claims: { iss: "https://other.cloudflareaccess.com" } }, "invalid"],
  ["without an issuer", { claims: { iss: undefined } }, "invalid"],
  ["expired", { claims: { exp: now() - 120 } }, "invalid"],
  ["that never expires", { claims: { exp: undefined } }, "invalid"],
  ["not valid yet", { claims: { nbf: now() + 3600 } }, "invalid"],
  ["with another algorithm for the same key", { algorithm: "RS512" }, "invalid"],
  ["with another padding for the same key", { algorithm: "PS256" }, "invalid"],
  ["by another key with the name of the team's", { key: foreign }, "invalid"],
  ["by an unknown key", { kid: "unknown" }, "invalid"],
] as const)("an assertion is refused: %s", async (_what, given, refusal) => {
  const twice = `${assertionBy(first)}, ${assertionBy(first)}`;
  const made = typeof given === "object" ? assertionBy("key" in given ? given.key : first, given) : given;
  expect(await check(made === "TWICE" ? twice : made)).toBe(refusal);
});

test("clocks may differ by a minute", async () => {
  expect(await check(assertionBy(first, { claims: { exp: now() - 30 } }))).toBe("accepted");
  expect(await check(assertionBy(first, { claims: { iat: now() + 30, nbf: now() + 30 } }))).toBe("accepted");
});

test("an assertion without a signature, or signed with the public certificate as a secret, is refused", async () => {
  const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString("base64url");
  const payload = assertionBy(first).split(".")[1];
  expect(await check(`${encode({ alg: "none", kid: "first" })}.${payload}.`)).toBe("invalid");
  const pem = first.publicKey.export({ type: "spki", format: "pem" });
  const signed = `${encode({ alg: "HS256", kid: "first" })}.${payload}`;
  expect(await check(`${signed}.${createHmac("sha256", pem).update(signed).digest("base64url")}`)).toBe("invalid");
  // the key that a token brings along is not believed
  const jwk = foreign.publicKey.export({ format: "jwk" });
  const header = { alg: "RS256" as const, kid: "first", jwk, jku: "https://attacker.example" };
  const claims = jsonwebtoken.decode(assertionBy(first)) as object;
  expect(await check(jsonwebtoken.sign(claims, foreign.privateKey, { header }))).toBe("invalid");
});

test("certificates are read once for many assertions, and again when an assertion names a new key", async () => {
  const known = certificates(0);
  for (let count = 0; count < 20; count += 1) expect(await check(assertionBy(first), known)).toBe("accepted");
  expect(team.requests).toBe(1);
  team.rotateTo(second, first);
  expect(await check(assertionBy(second), known)).toBe("accepted");
  expect(await check(assertionBy(first), known)).toBe("accepted");
  expect(team.requests).toBe(2);
  team.rotateTo(second);
  expect(await check(assertionBy(second), certificates())).toBe("accepted");
  expect(await check(assertionBy(first), certificates())).toBe("invalid");
});

test("keys that clients make up cause no requests", async () => {
  const known = certificates();
  const made = await Promise.all(
    Array.from({ length: 50 }, (_, index) => check(assertionBy(foreign, { kid: `made-up-${index}` }), known)),
  );
  expect(new Set(made)).toEqual(new Set(["invalid"]));
  expect(team.requests).toBe(1);
  expect(await check(assertionBy(first), known)).toBe("accepted");
});

test.each([
  ["an error", (_request: unknown, response: ServerResponse) => response.writeHead(500).end()],
  [
    "a redirect",
    (_request: unknown, response: ServerResponse) => response.writeHead(302, { location: "/elsewhere" }).end(),
  ],
  ["no JSON", (_request: unknown, response: ServerResponse) => response.end("<html>")],
  ["no list of keys", (_request: unknown, response: ServerResponse) => response.end("[]")],
  [
    "a response without an end",
    (_request: unknown, response: ServerResponse) => {
      const write = () => {
        while (!response.destroyed && response.write(" ".repeat(16_384)));
      };
      response.on("drain", write);
      write();
    },
  ],
] as const)(
  "%s in place of the certificates: nothing is accepted, with one line and one request",
  async (_what, instead) => {
    team.instead = instead;
    const known = certificates();
    const tries = await Promise.all(Array.from({ length: 10 }, () => check(assertionBy(first), known)));
    expect(new Set([...tries, await check(assertionBy(first), known)])).toEqual(new Set(["no-certificates"]));
    expect(lines).toHaveLength(1);
    expect(lines[0]).toContain(team.url.href);
    expect(team.requests).toBe(1);
  },
);

test("a server that is not there: nothing is accepted", async () => {
  const stopped = await TestTeam.start(first);
  const { url } = stopped;
  await stopped.stop();
  const known = certificates(undefined, url);
  expect(await check(assertionBy(first), known)).toBe("no-certificates");
  expect(lines).toEqual([expect.stringMatching(/cannot be read: .*ECONNREFUSED/)]);
});

test("a key that is too short is not used", async () => {
  team.instead = (_request, response) => response.end(keySetOf([weak]));
  expect(await check(assertionBy(weak))).toBe("no-certificates");
});

test("the name of a team is one label of a hostname, so that no other host can be named by it", () => {
  expect(["example", "a", "my-team-2"].filter(isTeamName)).toHaveLength(3);
  expect(["", "-a", "a.b", "a/b", "evil.example/#", "A", "a@b", "x".repeat(64)].filter(isTeamName)).toEqual([]);
  expect(certificatesUrl("example").href).toBe("https://example.cloudflareaccess.com/cdn-cgi/access/certs");
});
