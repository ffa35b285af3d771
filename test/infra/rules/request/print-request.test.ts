import { describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import { type PrintedRequest, parseRequests, printRequest, toBytes } from "../../../../infra/rules/index.ts";

const HOST = "chat.example.com";
const ordinary: PrintedRequest = {
  method: "GET",
  host: HOST,
  uri: "/",
  version: "HTTP/1.1",
  scheme: "https",
  headers: [["Host", HOST]],
  ip: "198.18.0.1",
};
const defaults = { host: HOST };
const print = (request: Partial<PrintedRequest>) => printRequest({ ...ordinary, ...request }, defaults);

describe("the line", () => {
  test.each<[Partial<PrintedRequest>, string]>([
    [{}, "GET /"],
    [{ uri: "/a?b=c&d='\"" }, `GET "/a?b=c&d='\\""`],
    [{ scheme: "http", method: "POST" }, `POST http://${HOST}/`],
    [{ host: "shop.example" }, "GET https://shop.example/"],
    [{ ip: "2001:db8::1" }, "GET / from 2001:db8::1"],
    [{ headers: [["User-Agent", "curl/8"]] }, "GET / as curl/8"],
    [{ headers: [["User-Agent", "a b"]] }, 'GET / as "a b"'],
    [{ headers: [["X-One", '"1"\\']] }, 'GET / with "X-One: \\"1\\"\\\\"'],
    [{ body: "a b" }, 'GET / body "a b"'],
    [
      { given: { "ip.src.country": "FR", "cf.bot_management.score": 5 } },
      "GET / given ip.src.country=FR given cf.bot_management.score=5",
    ],
    [{ headers: [["X", toBytes("ü")]] }, 'GET / with "X: ü"'],
  ])("%j", (request, line) => {
    expect(print(request)).toBe(line);
  });

  test.each<[string, Partial<PrintedRequest>]>([
    ["a line break in the body", { body: "a\nb" }],
    ["a control character", { headers: [["X", "a\x1b[0m"]] }],
    ["a mark that turns the direction of text", { uri: toBytes("/\u202eabc") }],
    ["a method that the line takes for a target", { method: "M-SEARCH" }],
    ["another version", { version: "HTTP/1.0" }],
    ["what looks like raw HTTP", { uri: "/a HTTP/1.1" }],
  ])("%s becomes JSON, on one printable line", (_what, request) => {
    const text = print(request) ?? "";
    expect(text).toMatch(/^\{[\x20-\x7e]*\}$/);
    expect(JSON.parse(text)).toMatchObject({ url: expect.stringContaining(HOST) });
  });

  test("bytes that are no text have no notation", () => {
    expect(print({ uri: "/\xff" })).toBeUndefined();
    expect(print({ headers: [["X", "\x80"]] })).toBeUndefined();
    expect(print({ uri: "/a#b" })).toBeUndefined();
  });
});

test("whatever a request holds, the line stands for it and is printable, or there is none", () => {
  const text = fc
    .string({
      unit: fc.oneof(
        fc.constantFrom(..." \"'\\=,;:{}[]()#?&/-@\n\r\t\0$`!%"),
        fc.string({ minLength: 1, maxLength: 1 }),
        fc.string({ unit: "binary", minLength: 1, maxLength: 1 }),
      ),
    })
    .map(toBytes);
  const value = text.map((one) => one.replace(/[\0\r\n]/g, "").replace(/^[ \t]+|[ \t]+$/g, ""));
  const given = fc.oneof(
    text,
    fc.integer(),
    fc.boolean(),
    fc.constantFrom("true", "5", '"', "AS1", "FR", "a,country=x"),
  );
  const request = fc.record(
    {
      method: fc.constantFrom("GET", "POST", "M-SEARCH", "curl"),
      host: fc.constantFrom(HOST, "shop.example", "Other.Example:8080"),
      uri: text.map((one) => `/${one.replaceAll("#", "")}`),
      version: fc.constantFrom("HTTP/1.1" as const, "HTTP/1.0" as const),
      scheme: fc.constantFrom("https" as const, "http" as const),
      headers: fc.array(fc.tuple(fc.constantFrom("User-Agent", "X-One", "user-agent"), value), { maxLength: 3 }),
      ip: fc.constantFrom("198.18.0.1", "203.0.113.9", "2001:db8::1"),
      body: text,
      given: fc.record({ "ip.src.country": given, "cf.bot_management.ja3_hash": given }, { requiredKeys: [] }),
    },
    { requiredKeys: ["method", "host", "uri", "version", "scheme", "headers", "ip"] },
  );
  fc.assert(
    fc.property(request, (facts) => {
      const line = printRequest(facts as PrintedRequest, defaults);
      // every text of this test is UTF-8
      expect(line).toBeDefined();
      expect(line).not.toMatch(/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u);
      const read = parseRequests(line ?? "", defaults);
      if (!read.ok) throw new Error(read.message);
      const [{ at: _, headers, ...rest }] = read.requests as unknown as [PrintedRequest & { at: number }];
      expect(headers.filter(([name]) => name !== "Host")).toEqual(facts.headers);
      const { headers: __, given: some, ...others } = facts;
      expect(rest).toEqual({ ...others, ...(some && Object.keys(some).length > 0 && { given: some }) });
    }),
    { numRuns: 2_000 },
  );
});
