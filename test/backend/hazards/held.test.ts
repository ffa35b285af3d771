// Attacks that have held when they were tried: they are kept, so that they go on holding.
import { createHmac, generateKeyPairSync, sign } from "node:crypto";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { startTestBackend, type TestBackend, type TestUser } from "../test-backend.ts";

const ORIGIN = "https://chat.example.com";
let backend: TestBackend;
let person: TestUser;
beforeAll(async () => {
  backend = await startTestBackend({ config: { ORIGINS: ORIGIN } });
  person = await backend.registerUser();
});
afterAll(() => backend.stop());

const part = (value: object) => Buffer.from(JSON.stringify(value)).toString("base64url");
const read = (text: string | undefined) => JSON.parse(Buffer.from(text ?? "", "base64url").toString()) as object;
const stranger = generateKeyPairSync("ec", { namedCurve: "P-256" });

type Parts = { header: object; payload: object; signature: string };
type Forger = (parts: Parts) => string;
const joined = (header: object, payload: object, signature: string) => `${part(header)}.${part(payload)}.${signature}`;
/** Signed with a key of the attacker's own. */
const signed = (header: object, payload: object) => {
  const text = `${part(header)}.${part(payload)}`;
  const signature = sign("sha256", Buffer.from(text), { key: stranger.privateKey, dsaEncoding: "ieee-p1363" });
  return `${text}.${signature.toString("base64url")}`;
};
const jwk = stranger.publicKey.export({ format: "jwk" });

const FORGED: readonly (readonly [string, Forger])[] = [
  [
    "the roles of an administrator",
    ({ header, payload, signature }) =>
      joined(header, { ...payload, roles: ["user", "moderator", "admin"] }, signature),
  ],
  ["another user", ({ header, payload, signature }) => joined(header, { ...payload, sub: "somebody" }, signature)],
  ["a longer life", ({ header, payload, signature }) => joined(header, { ...payload, exp: 4_102_444_800 }, signature)],
  ["the attacker's signature", ({ header, payload }) => signed(header, payload)],
  ["the attacker's key in the header", ({ header, payload }) => signed({ ...header, jwk }, payload)],
  [
    "the attacker's key at an address",
    ({ header, payload }) => signed({ ...header, jku: "https://evil.test/jwks" }, payload),
  ],
  ["a certificate in the header", ({ header, payload }) => signed({ ...header, x5c: ["AAAA"] }, payload)],
  ["a key's name that is a path", ({ header, payload }) => signed({ ...header, kid: "../../dev/null" }, payload)],
  ["a key's name of Object's own", ({ header, payload }) => signed({ ...header, kid: "__proto__" }, payload)],
  ["a key's name that is no text", ({ header, payload }) => signed({ ...header, kid: {} }, payload)],
  ["an empty key's name", ({ header, payload }) => signed({ ...header, kid: "" }, payload)],
  ["a signature of zeros", ({ header, payload }) => joined(header, payload, "A".repeat(86))],
  ["a signature of ones", ({ header, payload }) => joined(header, payload, "_".repeat(86))],
  ["no signature", ({ header, payload }) => joined(header, payload, "")],
  ["alg none", ({ header, payload }) => joined({ ...header, alg: "none" }, payload, "")],
  ["alg None", ({ header, payload, signature }) => joined({ ...header, alg: "None" }, payload, signature)],
  ["alg es256", ({ header, payload, signature }) => joined({ ...header, alg: "es256" }, payload, signature)],
  ["no alg", ({ header, payload, signature }) => joined({ ...header, alg: undefined }, payload, signature)],
  ["ES384", ({ header, payload, signature }) => joined({ ...header, alg: "ES384" }, payload, signature)],
  [
    "a secret of no bytes",
    ({ header, payload }) => {
      const text = `${part({ ...header, alg: "HS256" })}.${part(payload)}`;
      return `${text}.${createHmac("sha256", "").update(text).digest("base64url")}`;
    },
  ],
  ["a critical extension", ({ header, payload }) => signed({ ...header, crit: ["b64"], b64: false }, payload)],
  [
    "a header that is no object",
    ({ payload, signature }) => `${Buffer.from('"x"').toString("base64url")}.${part(payload)}.${signature}`,
  ],
  ["a payload that is no JSON", ({ header, signature }) => `${part(header)}.AAAA.${signature}`],
  ["four parts", ({ header, payload, signature }) => `${joined(header, payload, signature)}.x`],
  ["two parts", ({ header, payload }) => `${part(header)}.${part(payload)}`],
  ["an empty part", ({ header, signature }) => `${part(header)}..${signature}`],
  ["padding", ({ header, payload, signature }) => `${joined(header, payload, signature)}==`],
  ["a line feed at its end", ({ header, payload, signature }) => `${joined(header, payload, signature)}%0a`],
  [
    "itself twice",
    ({ header, payload, signature }) => `${joined(header, payload, signature)},${joined(header, payload, signature)}`,
  ],
  ["3 kB", ({ header, payload }) => signed(header, { ...payload, pad: "x".repeat(3_000) })],
];

test("forged tokens are refused over HTTP and in a handshake, each the same", async () => {
  const [header, payload, signature = ""] = person.accessToken.split(".");
  const parts = { header: read(header), payload: read(payload), signature };
  // the forger makes a good token when it changes nothing
  const same = joined(parts.header, parts.payload, parts.signature);
  expect((await backend.request("GET", "/api/users/me", { token: same })).status).toBe(200);
  for (const [what, forge] of FORGED) {
    const token = forge(parts);
    const { status, json } = await backend.request("GET", "/api/users/me", { token });
    expect([what, status, json.error?.code]).toEqual([what, 401, "UNAUTHORIZED"]);
    await expect(backend.connect(token)).rejects.toMatchObject({ message: "UNAUTHORIZED" });
  }
  for (const value of [
    "",
    "Bearer",
    "Bearer ",
    `Basic ${same}`,
    `Bearer  ${same}`,
    `Bearer ${same} x`,
    same,
    `Bearer ${same}, Bearer ${same}`,
    `Token ${same}`,
  ]) {
    const { status } = await backend.request("GET", "/api/users/me", { headers: { authorization: value } });
    expect([value.slice(0, 12), status]).toEqual([value.slice(0, 12), 401]);
  }
  const twice = await backend.sendBytes(
    `GET /api/users/me HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${same}\r\nauthorization: Bearer ${same}\r\nconnection: close\r\n\r\n`,
  );
  expect(twice).toContain("HTTP/1.1 401");
});

test("fifty renewals of a session at once make one successor, and the session goes on", async () => {
  const { refreshToken } = await backend.registerUser();
  const renew = () => backend.request("POST", "/api/auth/refresh", { body: { refreshToken } });
  const answers = await Promise.all(Array.from({ length: 50 }, renew));
  expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
  const successors = new Set(answers.map(({ json }) => (json as { refreshToken?: string }).refreshToken));
  expect(successors.size).toBe(1);
  const [successor] = successors;
  const next = await backend.request("POST", "/api/auth/refresh", { body: { refreshToken: successor } });
  expect(next.status).toBe(200);
});

test.each([
  "https://chat.example.co",
  "https://chat.example.com.evil.test",
  "https://evil.test",
  "https://evil.test/https://chat.example.com",
  "http://chat.example.com",
  "https://chat.example.com:8443",
  "https://chat.example.com:443",
  "https://CHAT.example.com",
  "https://chat.example.com/",
  "https://chat.example.com.",
  "https://chat.example.com, https://chat.example.com",
  "https://chat.example.com https://evil.test",
  "https://user@chat.example.com",
  "https://chat.example.com%00",
  "wss://chat.example.com",
  "*",
  "null",
])("a page of %s opens no WebSocket and changes nothing, in one field or two", async (origin) => {
  const handshake = (fields: string) =>
    backend.sendBytes(
      `GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nhost: x\r\nconnection: Upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n${fields}\r\n`,
    );
  expect(await handshake(`origin: ${origin}\r\n`)).toContain("HTTP/1.1 403");
  expect(await handshake(`origin: ${ORIGIN}\r\norigin: ${origin}\r\n`)).toContain("HTTP/1.1 403");
  const { status, headers } = await backend.request("POST", "/api/auth/logout", {
    token: person.accessToken,
    headers: { origin },
  });
  expect([status, headers.get("access-control-allow-origin"), headers.get("set-cookie")]).toEqual([403, null, null]);
});
