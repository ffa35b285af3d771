import ts from "typescript";
import { CommandError } from "../command-line/index.ts";

export interface ListEntry {
  /** Name of the array that the entry goes into. */
  readonly list: string;
  /** The text of the entry. */
  readonly entry: string;
  /** The names that the entry needs, each with the module that exports it. */
  readonly imports: Readonly<Record<string, string>>;
  /** The entry that it comes before, where the list has that one; else it is the last one. */
  readonly before?: string;
}

/** Adds an entry to an array of a file, and its import; returns the new text. @throws CommandError without an array */
export function addToList(path: string, text: string, { list, entry, imports, before }: ListEntry): string {
  const tree = ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true);
  const elements = arrayOf(tree, list);
  if (elements === undefined) {
    throw new CommandError(`${path} has no array \`${list}\` that something can be added to. Nothing was done.`);
  }
  const next = elements.find((element) => element.getText() === before);
  const at = next?.getStart() ?? elements.end;
  const added = next ? `${entry}, ` : `${elements.length > 0 && !elements.hasTrailingComma ? "," : ""} ${entry}`;
  return addImports(path, text.slice(0, at) + added + text.slice(at), imports);
}

/** The text of a file with imports after its own: modules by the names that are imported. */
function addImports(path: string, text: string, imports: Readonly<Record<string, string>>): string {
  const tree = ts.createSourceFile(path, text, ts.ScriptTarget.Latest);
  const at = tree.statements.filter(ts.isImportDeclaration).at(-1)?.end ?? 0;
  const lines = Object.entries(imports).map(([names, from]) => `\nimport { ${names} } from ${JSON.stringify(from)};`);
  return text.slice(0, at) + lines.join("") + text.slice(at);
}

/** The elements of the array that a variable of the file is made of, also with `as const` or `satisfies`. */
function arrayOf(tree: ts.SourceFile, name: string): ts.NodeArray<ts.Expression> | undefined {
  for (const statement of tree.statements) {
    if (!ts.isVariableStatement(statement)) continue;
    for (const { name: own, initializer } of statement.declarationList.declarations) {
      if (own.getText() !== name) continue;
      let value = initializer;
      while (value && (ts.isAsExpression(value) || ts.isSatisfiesExpression(value))) value = value.expression;
      if (value && ts.isArrayLiteralExpression(value)) return value.elements;
    }
  }
  return undefined;
}
