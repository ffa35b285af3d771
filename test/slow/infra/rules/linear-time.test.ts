// R3: whatever the text, it is refused (or read) in a time that grows with its length and not with its square.
import { describe, expect, test } from "@jest/globals";
import {
  check,
  compile,
  compileValue,
  engineError,
  githubReport,
  lint,
  parse,
  parseRequests,
  print,
  render,
  textReport,
} from "../../../../infra/rules/index.ts";

/** A text of a length. */
type Shape = (length: number) => string;

const times = (piece: string, length: number): string => piece.repeat(Math.ceil(length / piece.length));
const after =
  (start: string, piece: string, end = ""): Shape =>
  (length) =>
    start + times(piece, length) + end;
const deep =
  (start: string, end = ""): Shape =>
  (length) =>
    start + "[".repeat(length / 2) + "]".repeat(length / 2) + end;
const numbered = (start: string, piece: (number: number) => string, end: string): Shape => {
  return (length) => {
    const pieces: string[] = [];
    for (let size = 0, number = 0; size < length; number += 1)
      size += pieces[pieces.push(piece(number)) - 1]?.length ?? 0;
    return start + pieces.join("") + end;
  };
};

const EXPRESSIONS: Readonly<Record<string, Shape>> = {
  "white space": after("", " "),
  "white space at the end": after("ssl", " ", "x"),
  "white space of every kind": after("ssl", "\t\u00a0\r\n", ")"),
  "opening parentheses": after("", "("),
  "closing parentheses": after("", ")"),
  negations: after("", "not "),
  operands: after("", "ssl or not ssl and ssl xor ", "ssl"),
  comparisons: after("", 'http.host eq "abc" or ', "ssl"),
  "unknown names": after("", "http.hots eq abc and "),
  "one long name": after("", "a."),
  "a long string": after('http.host eq "', "a", '"'),
  "a string without end": after('http.host eq "', "a"),
  escapes: after('http.host eq "', "\\x41\\101\\\\", '"'),
  "wrong escapes": after('http.host eq "', "\\q", '"'),
  quotes: after("http.host in {", '"'),
  "a raw string without end": after('http.host eq r##"', '"#'),
  "hashes of a raw string": after("http.host eq r", "#"),
  "raw strings in a set": after("http.host in {", 'r#"a"# ', "}"),
  bytes: after("http.host eq ", "61:", "61"),
  digits: after("cf.threat_score eq ", "1"),
  "strings in a set": numbered("http.host in {", (number) => `"h${number}" `, "}"),
  "a set without end": after("http.host in {", '"a" '),
  "commas in a set": after("http.host in {", '"a",', "}"),
  "addresses in a set": numbered("ip.src in {", (n) => `10.${(n >> 16) & 255}.${(n >> 8) & 255}.${n & 255}/32 `, "}"),
  "glued addresses in a set": after("ip.src in {", "1.2.3.4", "}"),
  "ranges in a set": after("cf.threat_score in {", "1..9 ", "}"),
  "a long pattern": after('http.host matches "', "a?[b-d]+|", '"'),
  "groups of a pattern": after('http.host matches "', "(", '"'),
  "classes of a pattern": after('http.host matches "', "[", '"'),
  "a Unicode pattern": after('http.host matches "(?u)', "\\w", '"'),
  "many patterns": after("", 'http.host matches "a" or ', "ssl"),
  stars: after('http.host wildcard "', "a*", '"'),
  "nested calls": after("", "lower("),
  calls: after("", 'lower(http.host) eq "a" or ', "ssl"),
  "calls that may stand once": after("", 'regex_replace(http.host, "a", "b") eq "b" or ', "ssl"),
  "arguments of a call": after("coalesce(http.host, ", "http.host, ", 'http.host) eq "a"'),
  "wrong arguments": after("lower(", "http.host ", ")"),
  quantifiers: after("", 'any(http.request.headers.names[*] eq "a") or ', "ssl"),
  accesses: after("http.request.headers", '["a"]'),
  "accesses without end": after("", "ssl[ or "),
  comments: after("ssl ", "# abc\n/* d */ "),
  "characters of several units": after('http.host eq "', "é😀", '"'),
  "characters outside strings": after("", "é😀"),
  lists: after("", "ip.src in $office or ", "ssl"),
  "fields on the right": after("", "http.host eq http.host or ", "ssl"),
};

const rendered = (text: string, diagnostics: readonly Parameters<typeof render>[0][]): unknown =>
  diagnostics.map((diagnostic) => [render(diagnostic, text), engineError(diagnostic, text)]);

// compile and lint begin with parseTolerantly.
const READINGS: Readonly<Record<string, (text: string) => unknown>> = {
  "parsing, formatting and checking": (text) => {
    const parsed = parse(text);
    if (!parsed.ok) return rendered(text, parsed.diagnostics);
    const where = { phase: "http_request_dynamic_redirect", plan: "pro" } as const;
    return [print(parsed.tree), rendered(text, check(parsed.tree, { text, ...where }))];
  },
  compiling: (text) => {
    const compiled = compile(text, { phase: "http_request_firewall_custom", plan: "business" });
    return compiled.ok || [rendered(text, compiled.diagnostics), compileValue(text)];
  },
  linting: (text) => {
    const rules = ["a", "b"].map((ref) => ({ ref, expression: text, action: "block" as const }));
    const findings = lint({ plan: "business", rulesets: [{ phase: "http_request_firewall_custom", rules }] });
    return [textReport(findings), githubReport(findings, "file")];
  },
};

const JSON_HEADER = '{"name":"A","value":"b"},';
const REQUESTS: Readonly<Record<string, Shape>> = {
  "white space": after("GET /", " ", "x"),
  "parts of a line": after("GET /", ' with "A: b"'),
  "escapes without an end": after('GET / as "', '\\"'),
  "both kinds of quotes": after("GET / ", `"'`),
  "spaces in a header": after('GET / with "A: b', " ", 'c"'),
  "blanks in the value of a header": after("GET / HTTP/1.1\nA: x", " \t", "y\n\n"),
  "quotes that open nothing": after('GET / "', '\\"'),
  "a deep value of a line": after("GET / given http.request.headers.names=", "["),
  "deep JSON": deep(""),
  "a deep version": deep('{"request":{"method":"GET","url":"/","httpVersion":', "}}"),
  "a deep method": deep('{"url":"/","method":', "}"),
  "deep fields": deep('{"url":"/","given":{"http.request.headers.names":', "}}"),
  "deep fields of a line": deep("GET / given http.request.headers.names="),
  "a deep header": deep('{"url":"/","headers":{"a":', "}}"),
  "a long target": after("GET /", "../%2"),
  "a long word": after("", "a"),
  "curl options": after("curl https://a/", " -H 'A: b' -d c"),
  "curl without a quote's end": after('curl "', '\\"'),
  "curl with escapes": after("curl $'", "\\u0041\\x41", "'"),
  "curl with spaces in a header": after("curl https://a/ -H 'A: b", " ", "c'"),
  "headers of raw HTTP": after("GET / HTTP/1.1\r\n", "A: b\r\n", "\r\n"),
  "spaces in raw HTTP": after("GET / HTTP/1.1\r\nA: b", " ", "c\r\n\r\n"),
  "line ends of raw HTTP": after("GET / HTTP/1.1\r\nA: ", "\r"),
  "brackets of JSON": after("", "["),
  "entries of JSON": after("[", '{"request":"GET /"},', '{"request":"GET /"}]'),
  "headers of HAR": after(
    '{"log":{"entries":[{"request":{"method":"GET","url":"https://a/","headers":[',
    JSON_HEADER,
    `${JSON_HEADER.slice(0, -1)}]}}]}}`,
  ),
};

/** Milliseconds of this process's CPU. */
function cpuOf(run: () => unknown): number {
  const before = process.cpuUsage();
  run();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000;
}

/**
 * Ten times the text takes at most thirty times as long. Garbage collection disturbs single measurements, so that the
 * best of three counts.
 */
function expectLinear(shape: Shape, read: (text: string) => unknown): void {
  const [short, long] = [shape(100_000), shape(1_000_000)];
  const ratios: number[] = [];
  for (let round = 0; round < 3; round += 1) {
    // Below ten milliseconds the clock and the compiler of JavaScript decide.
    const base = Math.max(
      10,
      cpuOf(() => read(short)),
    );
    ratios.push(cpuOf(() => read(long)) / base);
    if ((ratios.at(-1) ?? 0) < 30) break;
  }
  expect(Math.min(...ratios)).toBeLessThan(30);
}

describe.each(Object.entries(READINGS))("R3: %s takes linear time for", (_, read) => {
  test.each(Object.entries(EXPRESSIONS))("%s", (_name, shape) => expectLinear(shape, read));
});

describe("R3: reading a request takes linear time for", () => {
  test.each(Object.entries(REQUESTS))("%s", (_name, shape) => expectLinear(shape, (text) => parseRequests(text)));
});

test("R3: a million characters are refused for their length, and a message shows a line of them", () => {
  const compiled = compile(`ssl${" ".repeat(1_000_000)}`);
  expect(!compiled.ok && compiled.diagnostics.map(({ code }) => code)).toEqual(["expression-too-long"]);
  const parsed = parseRequests("a".repeat(1_000_000));
  expect(!parsed.ok && parsed.message.length).toBeLessThan(500);
});
