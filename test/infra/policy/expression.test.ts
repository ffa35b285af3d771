import { expect, test } from "@jest/globals";
import { ALWAYS, and, contains, not, oneOf, or, quote, startsWith } from "../../../infra/policy/expression.ts";

test("quotes end where the value ends", () => {
  expect(quote('a"b\\c')).toBe('"a\\"b\\\\c"');
  expect(quote("line\nend\u0000")).toBe('"line\\x0Aend\\x00"');
  expect(quote("é\u0085")).toBe('"é\u0085"');
});

test("one value is compared, several are a set", () => {
  expect(oneOf("http.host", ["a"])).toBe('http.host eq "a"');
  expect(oneOf("http.host", ["a", 'b"'])).toBe('http.host in {"a" "b\\""}');
});

test("and, or and not bracket what they join", () => {
  const [a, b] = [startsWith("f", "/a"), contains("f", "b")];
  expect(and(a, or(a, b))).toBe('(starts_with(f, "/a") and (starts_with(f, "/a") or f contains "b"))');
  expect(not(or(a, b))).toBe('not (starts_with(f, "/a") or f contains "b")');
  expect(not(b)).toBe('not (f contains "b")');
});

test("always and never fold", () => {
  expect(and()).toBe(ALWAYS);
  expect(and(ALWAYS, "ssl")).toBe("ssl");
  expect(or("ssl", ALWAYS)).toBe(ALWAYS);
  expect(or()).toBe("not (true)");
});
