import { expect, test } from "@jest/globals";
import { fillTemplate, readName } from "../../../scripts/code-generation/names.ts";
import { UsageError } from "../../../scripts/command-line/index.ts";

test("D4: a name is written as each place needs it", () => {
  expect(readName("shopping-list")).toEqual({
    kebab: "shopping-list",
    snake: "shopping_list",
    camel: "shoppingList",
    pascal: "ShoppingList",
  });
  const template = "NAME-KEBAB NAME_SNAKE nameCamel NamePascal nameCamelStore";
  expect(fillTemplate(template, readName("a-b2"))).toBe("a-b2 a_b2 aB2 AB2 aB2Store");
});

test.each(["", "Todos", "todo_s", "-todos", "todos-", "to--dos", "2do", "../todos", "todos/more", "t odos", "tödos"])(
  "D4: %j is no name",
  (name) => {
    expect(() => readName(name)).toThrow(UsageError);
    expect(() => readName(name)).toThrow(`"${name}" cannot be used: it must be words of lower-case letters`);
  },
);

test("D4: a reserved word, a name of the tests and a long name are refused", () => {
  for (const word of ["class", "default", "constructor", "never"])
    expect(() => readName(word)).toThrow("a reserved word");
  // two words that make one
  expect(() => readName("type-of")).toThrow("a reserved word");
  for (const name of ["fixture", "fixture-list"]) expect(() => readName(name)).toThrow("belong to tests");
  expect(readName("fixtures").camel).toBe("fixtures");
  expect(() => readName("a".repeat(31))).toThrow("at most 30 characters");
  expect(readName("a".repeat(30)).camel).toHaveLength(30);
});
