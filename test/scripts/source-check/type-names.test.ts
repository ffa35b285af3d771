import { expect, test } from "@jest/globals";
import type { SourceFile } from "../../../scripts/source-check/source-file.ts";
import { duplicateTypeNames } from "../../../scripts/source-check/type-names.ts";

const file = (path: string, text: string): SourceFile => ({ path, text });
const EXPORTED = file("backend/one.ts", "\nexport interface Outcome {}");

test.each(["interface Outcome {}", "export type Outcome = 1;", "class Outcome {}", "enum Outcome {}"])(
  "H1: a second definition of an exported type is refused: %s",
  (text) => {
    expect(duplicateTypeNames([EXPORTED, file("infra/two.ts", `// two\n${text}`)])).toEqual([
      "infra/two.ts:2: the type Outcome is defined at backend/one.ts:2 too: give one of them a name that says how it differs, or import it",
    ]);
  },
);

test("H1: a name is no second definition in a string, a comment, an import, a re-export or a part of the same file's type", () => {
  const other = [
    'import type { Outcome } from "../backend/one.ts";',
    'export type { Outcome } from "../backend/one.ts";',
    "// interface Outcome {}",
    'export const text = "interface Outcome {}";',
  ].join("\n");
  const merged = file("backend/one.ts", "export interface Outcome { a: 1 }\nexport interface Outcome { b: 1 }");
  expect(duplicateTypeNames([merged, file("infra/two.ts", other)])).toEqual([]);
});

test("H1: a second definition is refused where neither type is exported", () => {
  expect(duplicateTypeNames([file("a.ts", "type Row = 1;"), file("b.ts", "interface Row {}")])).toEqual([
    "b.ts:1: the type Row is defined at a.ts:1 too: give one of them a name that says how it differs, or import it",
  ]);
});
