import { UsageError } from "../command-line/index.ts";

/** One name, as each place writes it. */
export interface Spellings {
  /** Of files, folders and paths: `shopping-list`. */
  readonly kebab: string;
  /** Of refs and tables: `shopping_list`. */
  readonly snake: string;
  /** Of values: `shoppingList`. */
  readonly camel: string;
  /** Of types: `ShoppingList`. */
  readonly pascal: string;
}

/** Characters of a name: a rule's ref and a table's name may have more. */
const MAX_NAME_CHARACTERS = 30;

/** Words that cannot be the name of a value in a module (ECMAScript, 13.1.1), or have another meaning there. */
const RESERVED: ReadonlySet<string> = new Set(
  (
    "abstract any arguments as async await boolean break case catch class const constructor continue " +
    "debugger declare default delete do else enum eval export extends false finally for from function get " +
    "global if implements import in index infinity infer instanceof interface let module namespace nan " +
    "never new null number object of package private protected prototype public readonly require return " +
    "set static string super switch symbol this throw true try type typeof undefined unknown using var " +
    "void while with yield"
  ).split(" "),
);

/** The first word of the names that the kit's tests give to features; no real feature may have it. */
const TEST_NAME_PREFIX = "fixture";

/** @throws UsageError that says what is wrong with a name that is not words of lower-case letters and digits */
export function readName(kebab: string): Spellings {
  const refuse = (expected: string) => nameRefusal(kebab, expected);
  if (!/^[a-z][a-z0-9]*(?:-[a-z0-9]+)*$/.test(kebab)) {
    throw refuse("it must be words of lower-case letters and digits with hyphens between them, such as shopping-list");
  }
  if (kebab.length > MAX_NAME_CHARACTERS) throw refuse(`it must have at most ${MAX_NAME_CHARACTERS} characters`);
  const words = kebab.split("-");
  const pascal = words.map((word) => word.charAt(0).toUpperCase() + word.slice(1)).join("");
  const names = {
    kebab,
    snake: words.join("_"),
    camel: pascal.charAt(0).toLowerCase() + pascal.slice(1),
    pascal,
  };
  if (RESERVED.has(names.camel.toLowerCase())) throw refuse("it is a reserved word of the language; choose another");
  if (words[0] === TEST_NAME_PREFIX)
    throw refuse(`names that begin with "${TEST_NAME_PREFIX}" belong to tests; choose another`);
  return names;
}

/** `reason` says what is wrong with the name, and what to do. */
export const nameRefusal = (name: string, reason: string): UsageError =>
  new UsageError(`the name "${name}" cannot be used: ${reason}.`);

/** Fills in a template, where `NAME-KEBAB`, `NAME_SNAKE`, `NAME_UPPER`, `nameCamel` and `NamePascal` are the name. */
export function fillTemplate(template: string, { kebab, snake, camel, pascal }: Spellings): string {
  return template
    .replaceAll("NAME-KEBAB", kebab)
    .replaceAll("NAME_SNAKE", snake)
    .replaceAll("NAME_UPPER", snake.toUpperCase())
    .replaceAll("nameCamel", camel)
    .replaceAll("NamePascal", pascal);
}
