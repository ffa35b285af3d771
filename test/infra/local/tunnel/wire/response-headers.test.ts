import { expect, test } from "@jest/globals";
import fc from "fast-check";
import {
  belongsToTunnel,
  decodeHeaders,
  decodeMeta,
  encodeHeaders,
  encodeMeta,
  type HeaderLine,
  isHeaderLine,
} from "../../../../../infra/local/tunnel/wire/response-headers.ts";

const byte = fc.integer({ min: 0, max: 255 }).map((code) => String.fromCharCode(code));
const line = fc.tuple(fc.string({ unit: byte }), fc.string({ unit: byte })).filter((pair) => isHeaderLine(pair));

test("reads as cloudflared writes: base64 without padding, in pairs", () => {
  expect(
    encodeHeaders([
      ["Set-Cookie", "a=1"],
      ["X", ""],
    ]),
  ).toBe("U2V0LUNvb2tpZQ:YT0x;WA:");
  expect(decodeHeaders("U2V0LUNvb2tpZQ:YT0x;WA:")).toEqual([
    ["Set-Cookie", "a=1"],
    ["X", ""],
  ]);
  expect(decodeHeaders("")).toEqual([]);
});

test("header lines survive the way, whatever bytes their values hold", () => {
  fc.assert(fc.property(fc.array(line), (lines) => expect(decodeHeaders(encodeHeaders(lines))).toEqual(lines)));
});

test.each(["WA", ":YQ", "WA:YQ:YQ", "W A:YQ", "WA:Y=", "W_A:YQ", encodeHeaders([["x y", "1"]])])(
  "refuses %s",
  (text) => {
    expect(decodeHeaders(text)).toBeUndefined();
  },
);

test("hazard: a value with a line break cannot become a second header", () => {
  for (const value of ["a\r\nSet-Cookie: x=1", "a\nb", "a\0b"]) {
    expect(decodeHeaders(encodeHeaders([["x", value] satisfies HeaderLine]))).toBeUndefined();
  }
});

test("fuzz: any text decodes to sound header lines or is refused", () => {
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.stringMatching(/^[A-Za-z0-9+/:;=]*$/)), (text) => {
      for (const found of decodeHeaders(text) ?? []) expect(isHeaderLine(found)).toBe(true);
    }),
    { numRuns: 2000 },
  );
});

test("a response is the origin's only when the meta header says so", () => {
  expect(decodeMeta(encodeMeta("origin"))).toBe("origin");
  for (const text of [
    undefined,
    "",
    "{",
    "null",
    "[]",
    '{"src":"other"}',
    encodeMeta("cloudflared"),
    " ".repeat(2000),
  ]) {
    expect(decodeMeta(text)).toBe("cloudflared");
  }
});

test("knows the headers of the tunnel and of one hop in any case", () => {
  for (const name of ["CF-Cloudflared-Proxy-Src", "cf-int-x", "Cf-Proxy-Y", ":status", "Connection", "TE", "Upgrade"]) {
    expect(belongsToTunnel(name)).toBe(true);
  }
  for (const name of ["cf-ray", "cf-connecting-ip", "x-connection"]) expect(belongsToTunnel(name)).toBe(false);
});
