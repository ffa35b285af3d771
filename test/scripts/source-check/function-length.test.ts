import { expect, test } from "@jest/globals";
import { longFunctions, MAX_FUNCTION_LINES } from "../../../scripts/source-check/function-length.ts";

/** A body that makes the function around it this long, with its first and its last line. */
const body = (lines: number) => "  run();\n".repeat(lines - 2);
const problemsOf = (text: string) => longFunctions([{ path: "a.ts", text }]);

test("H5: a function may have 80 lines, without its doc comment", () => {
  expect(MAX_FUNCTION_LINES).toBe(80);
  expect(problemsOf(`/**\n * Runs.\n */\nexport function run() {\n${body(80)}}\n`)).toEqual([]);
  expect(problemsOf(`\nfunction run() {\n${body(81)}}\n`)).toEqual([
    "a.ts:2: the function run has 81 lines, and at most 80 are allowed: make functions of its parts, or a class whose " +
      "methods can be tested",
  ]);
});

test("H5: every kind of function counts, each by its name", () => {
  const kinds = [
    ["const run = async () => {\n", "};\n", "run"],
    ["const door = {\n  open() {\n", "  },\n};\n", "open"],
    ["const door = {\n  open: function () {\n", "  },\n};\n", "open"],
    ["class Door {\n  constructor() {\n", "  }\n}\n", "Door.constructor"],
    ["class Door {\n  #open() {\n", "  }\n}\n", "Door.#open"],
    ["class Door {\n  open = () => {\n", "  };\n}\n", "Door.open"],
    ["class Door {\n  get isOpen() {\n", "  }\n}\n", "Door.isOpen"],
    ['test("runs", () => {\n', "});\n", "argument of test"],
    ["list.map((one) => {\n", "});\n", "argument of map"],
  ] as const;
  for (const [start, end, name] of kinds) {
    expect(problemsOf(start + body(81) + end)).toEqual([expect.stringContaining(`the function ${name} has 81 lines`)]);
  }
});

test("H5: a function around a long one is long itself, and a class or a type is no function", () => {
  expect(problemsOf(`function outer() {\n  function inner() {\n${body(81)}  }\n}\n`)).toEqual([
    expect.stringContaining("outer has 83 lines"),
    expect.stringContaining("inner has 81 lines"),
  ]);
  const members = "  run(): void;\n".repeat(100);
  expect(problemsOf(`interface Door {\n${members}}\ndeclare class House {\n${members}}\n`)).toEqual([]);
});
