import { generateKeyPairSync } from "node:crypto";
import { expect, test } from "@jest/globals";
import { isSealed, newTokenId, sealKey } from "../../../backend/auth/token-seal.ts";

const newKey = () => sealKey(generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey);
const key = newKey();
const claims = { sub: "u1", sid: "s1", roles: ["user"], iat: 1, exp: 601 };
const jti = newTokenId(claims, key);

test("N7: the id of a token fits its claims under its key, and no others", () => {
  expect(isSealed({ ...claims, jti }, key)).toBe(true);
  expect(isSealed({ ...claims, jti }, newKey())).toBe(false);
  for (const change of [{ sub: "u2" }, { sid: "s2" }, { roles: ["user", "admin"] }, { iat: 2 }, { exp: 602 }])
    expect(isSealed({ ...claims, jti, ...change }, key)).toBe(false);
  // the parts cannot be moved against each other
  expect(isSealed({ ...claims, jti, sub: "u", sid: "1s1" }, key)).toBe(false);
});

test("N7: a token with any character of the id changed is refused", () => {
  for (let at = 0; at < jti.length; at += 1) {
    const other = jti[at] === "A" ? "B" : "A";
    expect(isSealed({ ...claims, jti: jti.slice(0, at) + other + jti.slice(at + 1) }, key)).toBe(false);
  }
});

test("whatever else stands in the place of an id is none, without throwing", () => {
  for (const other of [undefined, null, 7, "", "j1", `${jti}A`, jti.slice(1), [jti], "=".repeat(32)])
    expect(isSealed({ ...claims, jti: other }, key)).toBe(false);
});

test("two tokens with the same claims have different ids", () => {
  expect(newTokenId(claims, key)).not.toBe(jti);
});
