/** How much of a request the imitation of Access reads. */
import { expect, test } from "@jest/globals";
import { cookieValues } from "../../../../infra/local/access/cookies.ts";
import { SigningKeys } from "../../../../infra/local/access/signing-keys.ts";

test("of many cookies of one name the first four are tried", () => {
  const cookies = ["a=1; b=x; a=2", "a=3", "a=4; a=5"];
  expect(cookieValues(cookies, "a")).toEqual(["1", "2", "3", "4"]);
  expect(cookieValues(["a=1; b=x; a=2; a=3"], "a")).toEqual(["1", "2", "3"]);
});

test("a cookie behind 16,384 characters is not read", () => {
  const before = (characters: number) => [`b=${"x".repeat(characters - 3)};`, "a=1"];
  // a semicolon is put between two lines
  expect(cookieValues(before(16_380), "a")).toEqual(["1"]);
  expect(cookieValues(before(16_384), "a")).toEqual([]);
});

test("a token of more than 4096 characters is not checked, although its signature is right", () => {
  const keys = new SigningKeys();
  const [issuer, now] = ["https://causeway.cloudflareaccess.com", Date.now()];
  const token = (characters: number) => keys.sign({ iss: issuer, exp: now / 1000 + 60, fill: "x".repeat(characters) });
  const [short, long] = [token(2_400), token(2_800)];
  expect(short.length).toBeLessThanOrEqual(4_096);
  expect(long.length).toBeGreaterThan(4_096);
  expect(keys.verify(short, { issuer, now })).toMatchObject({ iss: issuer });
  expect(keys.verify(long, { issuer, now })).toBeUndefined();
});
