import { expect, test } from "@jest/globals";
import { addToList } from "../../../scripts/code-generation/add-to-list.ts";

const ENTRY = { list: "rules", entry: "third", imports: { third: "./third.ts" } };
const text = (list: string) => `import { first } from "./first.ts";\n\nexport const rules = ${list};\n`;
const result = (list: string, before?: string) =>
  addToList("index.ts", text(list), { ...ENTRY, ...(before !== undefined && { before }) });
const added = (list: string) =>
  `import { first } from "./first.ts";\nimport { third } from "./third.ts";\n\nexport const rules = ${list};\n`;

test("D4: an entry goes to the end of a list, or before another one, and is imported", () => {
  expect(result("[first, last]")).toBe(added("[first, last, third]"));
  expect(result("[first, last]", "last")).toBe(added("[first, third, last]"));
  expect(result("[first]", "last")).toBe(added("[first, third]"));
  expect(result("[first,]")).toBe(added("[first, third]"));
  expect(result("[]")).toBe(added("[ third]"));
});

test("D4: the list may have a type, and comments stay", () => {
  expect(result("[first] as const satisfies readonly Rule[]")).toBe(
    added("[first, third] as const satisfies readonly Rule[]"),
  );
  expect(result("[\n  // the first\n  first,\n]")).toContain("// the first\n  first, third\n]");
});

test("D4: a file without the list is refused", () => {
  expect(() => addToList("index.ts", "export const other = [];", ENTRY)).toThrow(
    "index.ts has no array `rules` that something can be added to. Nothing was done.",
  );
  expect(() => addToList("index.ts", "export const rules = all.filter(Boolean);", ENTRY)).toThrow("has no array");
});
