// The project's own corpus: what the real engine returned for expressions written here, and what its documentation says
// of newer constructs.
import { readFileSync } from "node:fs";
import { expect, test } from "@jest/globals";
import { runVectors, type VectorFile } from "../../../scripts/policy-commands/conformance.ts";

const read = (name: string) =>
  JSON.parse(readFileSync(new URL(`./corpus/${name}.json`, import.meta.url), "utf8")) as VectorFile;

test.each(["engine-runs", "documented"])("the corpus %s gives the expected results and errors", (name) => {
  const { expressions, differences } = runVectors(read(name));
  expect(differences).toEqual([]);
  expect(expressions).toBeGreaterThan(100);
});

test("a wrong result, a wrong place and a failure are differences", () => {
  const scheme = { ssl: "Bool" };
  const cases = [{ ctx: { ssl: true }, expected: false }];
  const { differences } = runVectors({
    unit_tests: [
      { expr: "ssl", scheme, error: false, cases },
      { expr: "ssl ssl", scheme, error: true, at: "1:1" },
      { expr: "ssl", scheme, error: true },
      { expr: "tls", scheme, error: false },
      { expr: 'is_jwt_valid("a")', scheme, error: false, cases },
    ],
    expressions: [
      { expression: "ssl", docs_say: "invalid" },
      { expression: "tls", docs_say: "valid" },
    ],
  });
  expect(differences.map(({ what }) => what)).toEqual([
    'expected false for {"ssl":true}, got true',
    expect.stringContaining("expected 1:1 an error, got 1:4"),
    "should be refused:  an error",
    expect.stringContaining("should compile, but there is no field tls"),
    expect.stringContaining("is_jwt_valid() is computed by Cloudflare"),
    "should be refused",
    expect.stringContaining("should be valid, but there is no field tls"),
  ]);
});
