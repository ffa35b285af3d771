import { expect, test } from "@jest/globals";
import {
  compile,
  FieldNotGiven,
  type RequestFacts,
  render,
  requestFields,
  toBytes,
} from "../../../infra/rules/index.ts";

const facts: RequestFacts = {
  method: "GET",
  host: "Chat.example",
  uri: "/Admin/../x?a=1",
  version: "HTTP/1.1",
  scheme: "https",
  headers: [["User-Agent", "curl/8"]],
  ip: "203.0.113.9",
  at: 1_700_000_000_123,
};

const matches = (text: string) => {
  const compiled = compile(text);
  if (!compiled.ok) throw new Error(compiled.diagnostics.map((one) => render(one, text)).join("\n"));
  return compiled.matches(requestFields(facts));
};

test("an expression runs on a request", () => {
  expect(matches('lower(http.host) eq "chat.example" and http.request.uri.path eq "/x" and ssl')).toBe(true);
  expect(matches('ip.src in {203.0.113.0/24} and not http.user_agent contains "Mozilla"')).toBe(true);
  expect(matches('any(http.request.headers["user-agent"][*] wildcard "CURL/*")')).toBe(true);
});

test("a field that only Cloudflare knows fails with its name", () => {
  expect(() => matches("cf.bot_management.score lt 30")).toThrow(FieldNotGiven);
  expect(() => matches("cf.bot_management.score lt 30")).toThrow(/cf\.bot_management\.score/);
});

test("an error shows the place and what to do", () => {
  const text = 'http.hots eq "x"';
  const compiled = compile(text);
  expect(!compiled.ok && compiled.diagnostics.map((one) => render(one, text))).toMatchInlineSnapshot(`
[
  "error at 1:1: there is no field http.hots [unknown-field]
  http.hots eq "x"
  ^^^^^^^^^
  did you mean http.host?",
]
`);
  expect(toBytes("é")).toBe("\xc3\xa9");
});
