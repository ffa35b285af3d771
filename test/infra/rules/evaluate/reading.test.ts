// Why an expression matches, in a sentence.
import { expect, test } from "@jest/globals";
import { condition } from "../../../../infra/rules/engine/language.ts";
import { compile, type RequestFacts, requestFields } from "../../../../infra/rules/index.ts";

const facts: RequestFacts = {
  method: "GET",
  host: "chat.example",
  uri: `/${"long".repeat(40)}?token=s3cret`,
  version: "HTTP/2",
  scheme: "https",
  headers: [
    ["Authorization", "Bearer s3cret"],
    ["Cookie", "session=s3cret"],
    ["User-Agent", 'curl/8 "x"\u0007'],
    ["X-A", "1"],
  ],
  ip: "203.0.113.9",
  at: 0,
  body: "password=s3cret",
};

const read = (text: string, given: RequestFacts["given"] = {}) => {
  const compiled = compile(text);
  if (!compiled.ok) throw new Error(compiled.diagnostics[0]?.message);
  return compiled.read(requestFields({ ...facts, given }));
};

test.each([
  ['http.host eq "chat.example"', 'http.host eq "chat.example" is true, because http.host is "chat.example"'],
  ["not ssl", "ssl is true"],
  ["ip.src in {10.0.0.0/8}", "ip.src in {10.0.0.0/8} is false, because ip.src is 203.0.113.9"],
  [
    "http.request.method eq http.host",
    'http.request.method eq http.host is false, because http.request.method is "GET" and http.host is "chat.example"',
  ],
  [
    'http.user_agent contains "curl"',
    'http.user_agent contains "curl" is true, because http.user_agent is "curl/8 \\"x\\"\\u0007"',
  ],
  [
    'http.request.headers["x-b"][0] eq "1"',
    'http.request.headers["x-b"][0] eq "1" is false, because http.request.headers["x-b"][0] is missing',
  ],
  [
    'any(http.request.headers["x-a"][*] eq "1")',
    'any(http.request.headers["x-a"][*] eq "1") is true, because one of http.request.headers["x-a"][*] is "1"',
  ],
  [
    'any(http.request.headers["x-a"][*] eq "2")',
    'any(http.request.headers["x-a"][*] eq "2") is false, because no element of http.request.headers["x-a"][*] does',
  ],
  [
    'all(http.request.headers["x-a"][*] eq "1")',
    'all(http.request.headers["x-a"][*] eq "1") is true, because each element of http.request.headers["x-a"][*] does',
  ],
  [
    'all(http.request.headers["x-b"][*] eq "1")',
    'all(http.request.headers["x-b"][*] eq "1") is true, because http.request.headers["x-b"][*] has no elements',
  ],
  [
    'any((http.request.headers.names[*] eq "a" or http.request.headers.names[*] eq "b"))',
    'any((http.request.headers.names[*] eq "a" or http.request.headers.names[*] eq "b")) is false',
  ],
  ["ssl and ssl and true and ssl", "each of 4 conditions is true, the first being: ssl is true"],
  ["not ssl or not true or not ssl or not true", "none of 4 conditions is true, the first being: ssl is true"],
  [
    'http.request.method eq "PUT" and ssl or not true or ssl and http.request.method eq "POST" or not ssl',
    "none of 4 conditions is true, the nearest being: ssl is true, but " +
      'http.request.method eq "POST" is false, because http.request.method is "GET"',
  ],
  [
    `http.request.method in {${'"A" '.repeat(40)}}`,
    `http.request.method in {${'"A" '.repeat(24)}... is false, because http.request.method is "GET"`,
  ],
  ["ssl xor true xor ssl xor true", "ssl is true, and true is true, and ssl is true, and 1 more"],
])("%s", (text, why) => {
  expect(read(text).why).toBe(why);
});

test("a long value is cut", () => {
  expect(read('http.request.uri.path eq "/"').why).toMatch(/is "\/(long)+l?o?n?…"$/);
});

test.each([
  'http.cookie contains "x"',
  'http.request.cookies["session"][0] eq "x"',
  'any(http.request.headers["authorization"][*] eq "x")',
  'http.request.headers["authorization"][0] eq "x"',
  'lower(http.request.headers["authorization"][0]) eq "x"',
  'any(http.request.headers.values[*] eq "x")',
  'any(http.request.headers.values[*] ne "x")',
  'http.request.headers.values[0] eq "x"',
  'http.request.body.raw eq "x"',
  "http.host eq http.cookie",
])("a value that may be a secret is not shown: %s", (text) => {
  expect(read(text).why).not.toContain("s3cret");
  expect(read(text).why).not.toContain("Bearer");
});

test("a condition on a field that was not given is undetermined, unless the rest of the expression decides", () => {
  expect(read("cf.waf.score lt 3 and ssl")).toMatchObject({
    value: undefined,
    undetermined: ["cf.waf.score"],
    why: "cf.waf.score lt 3 is undetermined, because cf.waf.score was not given",
  });
  expect(read("cf.waf.score lt 3 or ssl").value).toBe(true);
  expect(read("cf.waf.score lt 3 and not ssl").value).toBe(false);
  expect(read("not cf.waf.score lt 3").value).toBeUndefined();
  expect(read("ssl xor cf.waf.score lt 3 xor cf.client.bot").undetermined).toEqual(["cf.waf.score", "cf.client.bot"]);
  expect(read("cf.waf.score lt 3 and cf.waf.score gt 1").undetermined).toEqual(["cf.waf.score"]);
  expect(read("cf.waf.score lt 3", { "cf.waf.score": 1 }).value).toBe(true);
});

test("a pattern that takes too many steps is undetermined, unless the rest decides; the engine reports it", () => {
  const costly = 'http.request.uri.path matches "(?:ab){20000}c"';
  const long = requestFields({ ...facts, uri: `/${"ab".repeat(40_000)}` });
  const readLong = (text: string) => {
    const compiled = compile(text);
    if (!compiled.ok) throw new Error(compiled.diagnostics[0]?.message);
    return compiled.read(long);
  };
  expect(readLong(costly)).toMatchObject({
    value: undefined,
    undetermined: ["the pattern (?:ab){20000}c"],
    why: `${costly} is undetermined, because its pattern takes too many steps on this input`,
  });
  expect(readLong(`${costly} or ssl`).value).toBe(true);
  expect(condition(costly, new Map())?.holds(long)).toEqual(["the pattern (?:ab){20000}c"]);
});

test("every part that was looked at has its value, the whole first", () => {
  const text = 'ssl and (not ssl or http.host eq "chat.example") and true';
  const parts = read(text).parts.map(({ node, value }) => [text.slice(node.span.start, node.span.end), value]);
  expect(parts).toEqual([
    [text, true],
    ["ssl", true],
    ['not ssl or http.host eq "chat.example"', true],
    ["not ssl", false],
    ["ssl", true],
    ['http.host eq "chat.example"', true],
    ["true", true],
  ]);
});

test.each([
  ["any(http.request.headers.names[*] in {})", "false"],
  ["len(http.request.uri.args) eq 1", "refused"],
])("%s is %s", (text, expected) => {
  const compiled = compile(text);
  expect(compiled.ok ? String(compiled.matches(requestFields(facts))) : "refused").toBe(expected);
});

test("of a function of an array the result is shown; of one that is true or false nothing more is", () => {
  const names = Array.from({ length: 8 }, (_, at) => `n${at}`);
  const given = { "http.request.headers.names": names };
  expect(read('join(http.request.headers.names, ",") eq "x"', given).why).toContain('is "n0,n1');
  expect(read('has_key(http.request.headers, "x")').why).toBe('has_key(http.request.headers, "x") is false');
});
