// The recorded runs of the real engine and the expressions of Cloudflare's documentation, read where CAUSEWAY_REFERENCE
// says.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "@jest/globals";
import { KNOWN_DIFFERENCES, runVectors, type VectorFile } from "../../../scripts/policy-commands/conformance.ts";

const read = (name: string) =>
  JSON.parse(readFileSync(join(process.env.CAUSEWAY_REFERENCE ?? "", "data", name), "utf8")) as VectorFile;

test("every recorded run of the engine gives the same result, or the same error at the same place", () => {
  const { expressions, assertions, differences } = runVectors(read("wirefilter-vectors.json"));
  expect(differences).toEqual([]);
  expect(expressions).toBeGreaterThan(400);
  expect(assertions).toBeGreaterThan(expressions);
});

test("every expression of the documentation is judged as documented, apart from the known differences", () => {
  const { differences, known } = runVectors(read("docs-expressions.json"));
  expect(differences).toEqual([]);
  expect(known.map(({ expression }) => expression)).toEqual(Object.keys(KNOWN_DIFFERENCES));
});
