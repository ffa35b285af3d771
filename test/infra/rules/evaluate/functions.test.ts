import { createHash, createHmac } from "node:crypto";
import { expect, test } from "@jest/globals";
import fc from "fast-check";
import { decodeBase64, encodeBase64, urlDecode } from "../../../../infra/rules/evaluate/encoding.ts";
import { hashInRange } from "../../../../infra/rules/evaluate/hash.ts";
import { hmacSha256, sha256 } from "../../../../infra/rules/evaluate/sha256.ts";
import {
  compile,
  FieldNotGiven,
  fromBytes,
  type RequestFacts,
  requestFields,
  toBytes,
} from "../../../../infra/rules/index.ts";
import { character } from "../../../character.ts";

const latin1 = fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes).toString("latin1"));

test("SHA-256 and HMAC agree with OpenSSL's", () => {
  fc.assert(
    fc.property(latin1, latin1, (key, message) => {
      const bytes = Buffer.from(message, "latin1");
      expect(sha256(message)).toBe(createHash("sha256").update(bytes).digest("latin1"));
      expect(hmacSha256(key, message)).toBe(
        createHmac("sha256", Buffer.from(key, "latin1")).update(bytes).digest("latin1"),
      );
    }),
  );
});

test("base64 agrees with Node's, in both alphabets", () => {
  fc.assert(
    fc.property(latin1, (bytes) => {
      const buffer = Buffer.from(bytes, "latin1");
      expect(encodeBase64(bytes, "p")).toBe(buffer.toString("base64"));
      expect(encodeBase64(bytes, "u")).toBe(buffer.toString("base64url"));
      expect(decodeBase64(encodeBase64(bytes, "up"))).toBe(bytes);
    }),
  );
  expect(["a", "a*b=", "=", "a=b"].map(decodeBase64)).toEqual([undefined, undefined, undefined, undefined]);
});

test("decoding again and again ends", () => {
  expect(urlDecode(`%${"25".repeat(10)}20`, "r")).toBe(" ");
  expect(urlDecode(`%${"25".repeat(500)}20`, "r")).toContain("%");
  expect(urlDecode("%u00e9%41", "u")).toBe("\xc3\xa9A");
});

test("text goes to bytes and back as in UTF-8; what is no UTF-8 has no text", () => {
  fc.assert(
    fc.property(fc.string({ unit: character }), (text) => {
      expect(toBytes(text)).toBe(Buffer.from(text, "utf8").toString("latin1"));
      expect(fromBytes(toBytes(text))).toBe(text.toWellFormed());
    }),
  );
  fc.assert(
    fc.property(latin1, (bytes) => {
      const buffer = Buffer.from(bytes, "latin1");
      const text = buffer.toString("utf8");
      expect(fromBytes(bytes)).toBe(Buffer.from(text, "utf8").equals(buffer) ? text : undefined);
    }),
  );
  for (const bytes of ["\xc0\x80", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xff", "\xe2\x82", "\x80"])
    expect(fromBytes(bytes)).toBeUndefined();
});

test("hash_in_range spreads evenly and stays in its range", () => {
  const counts = new Array<number>(10).fill(0);
  for (let at = 0; at < 10_000; at += 1) {
    const value = hashInRange(5, 15, [`198.51.100.${at}`, at]);
    counts[value - 5] = (counts[value - 5] ?? 0) + 1;
  }
  for (const count of counts) expect(Math.abs(count - 1000)).toBeLessThan(150);
  expect(hashInRange(7, 7, ["a"])).toBe(7);
  expect(hashInRange(0, 1000, [[1, 2, 3, 4]])).toBe(hashInRange(0, 1000, [[1, 2, 3, 4]]));
});

const request = (uri: string, at: number): RequestFacts => ({
  method: "GET",
  host: "downloads.example.com",
  uri,
  version: "HTTP/2",
  scheme: "https",
  headers: [],
  ip: "203.0.113.9",
  at: at * 1000,
});

const matches = (text: string, facts: RequestFacts) => {
  const compiled = compile(text);
  if (!compiled.ok) throw new Error(compiled.diagnostics[0]?.message);
  return compiled.matches(requestFields(facts));
};

// The token as Cloudflare's documentation makes it: HMAC over message and time, base64, percent-encoded.
const token = (
  message: string,
  seconds: number,
  key = "mysecrettoken",
  encoding: "base64" | "base64url" = "base64",
) => {
  const mac = createHmac("sha256", key).update(`${message}${seconds}`).digest(encoding);
  return `${seconds}-${encoding === "base64" ? encodeURIComponent(mac) : mac}`;
};

test.each([
  ["a right token", "/f.tar", token("/f.tar", 1_700_000_000), 1_700_000_100, true],
  ["a late one", "/f.tar", token("/f.tar", 1_700_000_000), 1_700_010_800, false],
  ["the last second", "/f.tar", token("/f.tar", 1_700_000_000), 1_700_010_799, true],
  ["another path", "/g.tar", token("/f.tar", 1_700_000_000), 1_700_000_100, false],
  ["another key", "/f.tar", token("/f.tar", 1_700_000_000, "x"), 1_700_000_100, false],
  ["no token", "/f.tar", "x", 1_700_000_100, false],
])("is_timed_hmac_valid_v0: %s", (_, path, written, now, expected) => {
  const expression = 'is_timed_hmac_valid_v0("mysecrettoken", http.request.uri, 10800, http.request.timestamp.sec, 8)';
  expect(matches(expression, request(`${path}?verify=${written}`, now))).toBe(expected);
});

test("is_timed_hmac_valid_v0 takes a separator of no length and a URL-safe code", () => {
  const plain = 'is_timed_hmac_valid_v0("mysecrettoken", http.request.uri, 10800, http.request.timestamp.sec)';
  expect(matches(plain, request(`/a${token("/a", 1_700_000_000)}`, 1_700_000_001))).toBe(true);
  const safe = 'is_timed_hmac_valid_v0("mysecrettoken", http.request.uri, 10800, http.request.timestamp.sec, 0, "s")';
  expect(matches(safe, request(`/a${token("/a", 1_700_000_000, "mysecrettoken", "base64url")}`, 1_700_000_001))).toBe(
    true,
  );
});

test("what needs an account's configuration fails with its name", () => {
  expect(() => matches('is_jwt_present("a")', request("/", 0))).toThrow(FieldNotGiven);
  expect(() => matches("ip.src in $cf.open_proxies", request("/", 0))).toThrow("$cf.open_proxies");
});

test("lists decide by their name", () => {
  const lists = new Map([["office", (value: unknown) => value === 0xcb007109]]);
  const compiled = compile(
    "ip.src in $office and not ip.src in $office or any(http.request.headers.names[*] in $office)",
    { lists },
  );
  expect(compiled.ok && compiled.matches(requestFields(request("/", 0)))).toBe(false);
  expect(compiled.ok && compiled.lists).toEqual(["office"]);
  const alone = compile("ip.src in $office", { lists });
  expect(alone.ok && alone.matches(requestFields(request("/", 0)))).toBe(true);
});
