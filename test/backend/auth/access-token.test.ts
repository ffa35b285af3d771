import { createHmac, generateKeyPairSync, type KeyObject, sign } from "node:crypto";
import { expect, test } from "@jest/globals";
import fc from "fast-check";
import jwt from "jsonwebtoken";
import {
  generateSigningKey,
  publicJwk,
  readSealedToken,
  signAccessToken,
  signingKey,
  verifyAccessToken,
} from "../../../backend/auth/access-token.ts";

const scope = { issuer: "https://chat.example.org", audience: "causeway" };
const key = signingKey(generateSigningKey());
const keys = new Map([[key.kid, key]]);
const now = 1_790_000_000_000;
const claims = { id: "u1", roles: ["user"] as const, sid: "s1" };
const { token, expiresAt } = signAccessToken(claims, scope, key, now);

/** A token as an attacker or a careless neighbour would make it. */
function forged(change: { header?: object; payload?: object; key?: KeyObject | string }): string {
  const header = { alg: "ES256", typ: "at+jwt", kid: key.kid, ...change.header };
  const iat = now / 1000;
  const payload = {
    ...claims,
    id: undefined,
    sub: "u1",
    jti: "j1",
    iss: scope.issuer,
    aud: scope.audience,
    iat,
    exp: iat + 600,
  };
  // JSON leaves out what is undefined; jsonwebtoken would refuse it
  const plain = JSON.parse(JSON.stringify({ ...payload, ...change.payload }));
  return jwt.sign(plain, change.key ?? key.privateKey, {
    algorithm: header.alg as jwt.Algorithm,
    header: header as jwt.JwtHeader,
    allowInsecureKeySizes: true,
  });
}

test("a token carries type, key, issuer, audience, subject, session, id and roles for ten minutes", () => {
  const { header, payload } = jwt.decode(token, { complete: true }) ?? {};
  expect(header).toEqual({ alg: "ES256", typ: "at+jwt", kid: key.kid });
  expect(payload).toEqual({
    iss: scope.issuer,
    aud: "causeway",
    sub: "u1",
    sid: "s1",
    jti: expect.stringMatching(/^[\w-]{32}$/),
    roles: ["user"],
    iat: now / 1000,
    exp: now / 1000 + 600,
  });
  expect(verifyAccessToken(token, scope, keys, now)).toEqual({ id: "u1", roles: ["user"], sid: "s1", expiresAt });
});

test("it is good until it expires and not a second longer", () => {
  expect(verifyAccessToken(token, scope, keys, expiresAt - 1)).toBeDefined();
  expect(verifyAccessToken(token, scope, keys, expiresAt)).toBeUndefined();
});

test("the forger of this test makes good tokens when told to change nothing", () => {
  expect(verifyAccessToken(forged({}), scope, keys, now)).toBeDefined();
});

const p256 = generateKeyPairSync("ec", { namedCurve: "P-256" });
const rsa = generateKeyPairSync("rsa", { modulusLength: 2048 });
test.each<[string, () => string]>([
  ["another key under our kid", () => forged({ key: p256.privateKey })],
  ["a kid nobody knows", () => forged({ header: { kid: "other" } })],
  ["no kid", () => forged({ header: { kid: undefined } })],
  ["another type", () => forged({ header: { typ: "JWT" } })],
  ["RS256", () => forged({ header: { alg: "RS256" }, key: rsa.privateKey })],
  ["HS256 with the public key as secret", () => hs256WithPublicKey()],
  ["alg none", () => unsigned()],
  ["a header of its own", () => forged({ header: { crit: ["b64"], b64: false } })],
  ["a key of its own", () => forged({ header: { jwk: p256.publicKey.export({ format: "jwk" }) } })],
  ["a header that is no object", () => signedText('"ES256"', "{}")],
  ["a header that is no JSON", () => signedText("{", "{}")],
  ["a payload that is no JSON", () => signedText(JSON.stringify(headerOfOurs()), "{")],
  ["a payload that is a list", () => signedText(JSON.stringify(headerOfOurs()), "[]")],
  ["two audiences, ours among them", () => forged({ payload: { aud: [scope.audience, "other"] } })],
  ["a signature in DER", () => derSigned()],
  ["another issuer", () => forged({ payload: { iss: "https://evil.example" } })],
  ["another audience", () => forged({ payload: { aud: "other" } })],
  ["no audience", () => forged({ payload: { aud: undefined } })],
  ["no session", () => forged({ payload: { sid: undefined } })],
  ["an empty subject", () => forged({ payload: { sub: "" } })],
  ["no id", () => forged({ payload: { jti: undefined } })],
  ["roles that are no list", () => forged({ payload: { roles: "admin" } })],
  ["a role that does not exist", () => forged({ payload: { roles: ["root"] } })],
  ["no expiry", () => forged({ payload: { exp: undefined } })],
  ["a year of life", () => forged({ payload: { exp: now / 1000 + 31_536_000 } })],
  ["a claim of its own", () => forged({ payload: { admin: true } })],
  ["a start in the past, which ours do not have", () => forged({ payload: { nbf: now / 1000 - 60 } })],
  ["a start in the future", () => forged({ payload: { nbf: now / 1000 + 60 } })],
  ["a payload that is no object", () => jwt.sign("text", key.privateKey, { header: headerOfOurs() })],
  ["3 kB of it", () => forged({ payload: { pad: "x".repeat(3000) } })],
])("refuses a token with %s", (_, make) => {
  expect(verifyAccessToken(make(), scope, keys, now)).toBeUndefined();
});

test("refuses whatever is no token, without throwing", () => {
  const parts = fc.array(fc.oneof(fc.base64String(), fc.constant(token.split(".")[0] ?? ""), fc.string()), {
    maxLength: 4,
  });
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string(),
        parts.map((p) => p.join(".")),
      ),
      (text) => {
        expect(verifyAccessToken(text, scope, keys, now)).toBeUndefined();
      },
    ),
  );
});

test("a signature of the wrong length is a wrong signature", () => {
  const [header, payload, signature] = token.split(".");
  for (const wrong of ["", "AA", `${signature}AA`]) {
    expect(verifyAccessToken(`${header}.${payload}.${wrong}`, scope, keys, now)).toBeUndefined();
  }
});

test("a changed byte anywhere makes it worthless", () => {
  fc.assert(
    fc.property(fc.nat(token.length - 1), fc.constantFrom(..."AZaz09_-"), (at, character) => {
      if (token[at] === character) return;
      const changed = token.slice(0, at) + character + token.slice(at + 1);
      expect(verifyAccessToken(changed, scope, keys, now)).toBeUndefined();
    }),
  );
});

test("the last character of a signature has only one accepted value, so that a token has only one text", () => {
  const last = "AQgw".indexOf(token.at(-1) ?? "");
  expect(last).toBeGreaterThanOrEqual(0);
  // the same 64 bytes, were the bits that count for nothing not looked at
  const other = `${token.slice(0, -1)}${"BRhx"[last]}`;
  expect(Buffer.from(other.slice(-86), "base64url")).toEqual(Buffer.from(token.slice(-86), "base64url"));
  expect(verifyAccessToken(other, scope, keys, now)).toBeUndefined();
});

test("a token that was signed here without jsonwebtoken is a token as well", () => {
  const [header = "", payload = ""] = token.split(".").map((part) => Buffer.from(part, "base64url").toString());
  expect(verifyAccessToken(signedText(header, payload), scope, keys, now)).toBeDefined();
});

test("N7: the claims of a token that was issued are read without its signature, of any other one they are not", () => {
  const read = (text: string, at = now) => readSealedToken(text, scope, keys, at);
  const unsigned = `${token.slice(0, token.lastIndexOf("."))}.${"A".repeat(86)}`;
  for (const text of [token, unsigned]) expect(read(text)).toEqual(verifyAccessToken(token, scope, keys, now));
  expect(verifyAccessToken(unsigned, scope, keys, now)).toBeUndefined();
  expect(read(forged({}))).toBeUndefined();
  expect(read(token, expiresAt)).toBeUndefined();
  expect(readSealedToken(token, { ...scope, issuer: "other" }, keys, now)).toBeUndefined();
  expect(readSealedToken(token, scope, new Map(), now)).toBeUndefined();
  const { jti } = jwt.decode(token) as jwt.JwtPayload;
  expect(read(forged({ payload: { jti } }))).toBeDefined();
  for (const change of [{ sid: "s2" }, { sub: "u2" }, { roles: ["admin"] }, { exp: now / 1000 + 500 }, { admin: true }])
    expect(read(forged({ payload: { jti, ...change } }))).toBeUndefined();
});

test("the public key is published as a JWK without its private half, under its thumbprint", () => {
  const jwk = publicJwk(key.publicKey);
  expect(Object.keys(jwk).sort()).toEqual(["alg", "crv", "kid", "kty", "use", "x", "y"]);
  expect(jwk.kid).toBe(key.kid);
  expect(jwk.kid).toHaveLength(43);
});

function headerOfOurs(): jwt.JwtHeader {
  return { alg: "ES256", typ: "at+jwt", kid: key.kid };
}
/** A token of any text, with a signature of ours. */
function signedText(header: string, payload: string): string {
  const text = [header, payload].map((part) => Buffer.from(part).toString("base64url")).join(".");
  const signature = sign("sha256", Buffer.from(text), { key: key.privateKey, dsaEncoding: "ieee-p1363" });
  return `${text}.${signature.toString("base64url")}`;
}
function derSigned(): string {
  const text = token.slice(0, token.lastIndexOf("."));
  return `${text}.${sign("sha256", Buffer.from(text), key.privateKey).toString("base64url")}`;
}
function segment(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString("base64url");
}
function unsigned(): string {
  return `${segment({ ...headerOfOurs(), alg: "none" })}.${token.split(".")[1]}.`;
}
function hs256WithPublicKey(): string {
  const pem = key.publicKey.export({ type: "spki", format: "pem" });
  const text = `${segment({ ...headerOfOurs(), alg: "HS256" })}.${token.split(".")[1]}`;
  return `${text}.${createHmac("sha256", pem).update(text).digest("base64url")}`;
}
