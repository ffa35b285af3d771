import { expect, test } from "@jest/globals";
import { longLines } from "../../../scripts/source-check/long-lines.ts";

const columns = (count: number) => "x".repeat(count);
const words = (count: number) => "word ".repeat(count / 5).trimEnd();
const problems = (path: string, text: string) => longLines({ path, text });

test("H10: a line of more than 120 columns is refused, with its place", () => {
  expect(problems("a.ts", `// ${words(115)}xxx\nlet a;\n// ${words(115)}xxxx\n`)).toEqual([
    "a.ts:3: the line has 121 columns, and 120 are allowed: break it; parts of a string are joined with +",
  ]);
});

test.each([
  ["a comment", "a.ts", `/** ${words(150)} */`],
  ["code", "a.mjs", `call(${"a, ".repeat(50)}b);`],
  ["a message", "a.ts", `const text = "${words(150)}";`],
  ["a message with values", "a.ts", `const text = \`${words(100)} \${value} ${words(50)}\`;`],
  ["a template of many lines", "a.ts", `const text = \`\n${words(150)}\n\`;`],
  ["a URL behind text", "a.ts", `// see https://example.com/${columns(120)} for more`],
  ["a short URL in a long line", "a.ts", `const a = [${"1, ".repeat(50)}"https://example.com/"];`],
  ["two strings", "test/a.test.ts", `call("${words(70)}", "${words(70)}");`.padStart(300)],
  ["a style sheet", "a.css", `a { ${"color: red; ".repeat(15)} }`],
])("H10: refused: %s", (_, path, text) => {
  expect(problems(path, text)).toHaveLength(1);
});

test.each([
  ["a URL in a string", "a.ts", `const url =\n  "https://example.com/${columns(120)}";`],
  ["a URL in a comment", "a.ts", `/**\n * https://example.com/${columns(120)}.\n */`],
  ["a URL in a style sheet", "a.css", `a {\n  background:\n    url(${columns(150)});\n}`],
  ["a regular expression", "a.ts", `const pattern =\n  /^(${words(150)})$/;`],
  ["a comment for Biome", "a.ts", `// biome-ignore lint/suspicious/noExplicitAny: ${words(100)}\nlet a: any;`],
  ["a test's title", "test/a.test.ts", `test("${words(130)}", async () => {});`],
  ["a program that a test writes", "test/a.test.ts", `const text = \`\n${words(150)}\n\`;`],
])("H10: allowed, because no part of it can be broken: %s", (_, path, text) => {
  expect(problems(path, text)).toEqual([]);
});
