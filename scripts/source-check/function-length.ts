import ts from "typescript";
import type { SourceFile } from "./source-file.ts";

/** Lines of a function, from its name to its end. Its doc comment does not count. */
export const MAX_FUNCTION_LINES = 80;

/** A function that is longer than that. */
interface LongFunction {
  /** Its file and its name, such as `infra/config.ts readSite`; a method is `Class.method`. */
  readonly id: string;
  /** `path:line` */
  readonly place: string;
  readonly lines: number;
}

/** Functions that may stay longer for now, by their id, and why. */
export type KnownLongFunctions = Readonly<Record<string, string>>;

/**
 * One line for each function that is too long and not known, and one for each known one that is not too long any more,
 * or does not exist.
 */
export function functionLengthProblems(files: readonly SourceFile[], known: KnownLongFunctions): readonly string[] {
  const found = files.flatMap(longFunctions);
  const ids = new Set(found.map(({ id }) => id));
  return [
    ...found
      .filter(({ id }) => known[id] === undefined)
      .map(
        ({ id, place, lines }) =>
          `${place}: the function ${nameIn(id)} has ${lines} lines, and at most ${MAX_FUNCTION_LINES} are allowed: ` +
          "make functions of its parts, or a class whose methods can be tested",
      ),
    ...Object.keys(known)
      .filter((id) => !ids.has(id))
      .map(
        (id) =>
          `${KNOWN_LIST}: "${id}" is no function of more than ${MAX_FUNCTION_LINES} lines any more: ` +
          "remove it from the list",
      ),
  ];
}

const KNOWN_LIST = "scripts/source-check/known-long-functions.ts";

const nameIn = (id: string): string => id.slice(id.indexOf(" ") + 1);

function longFunctions({ path, text }: SourceFile): readonly LongFunction[] {
  const tree = ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true);
  const lineOf = (position: number) => tree.getLineAndCharacterOfPosition(position).line + 1;
  const found: LongFunction[] = [];
  const visit = (node: ts.Node): void => {
    if (hasBody(node)) {
      const start = lineOf(node.getStart(tree));
      const lines = lineOf(node.end) - start + 1;
      if (lines > MAX_FUNCTION_LINES) found.push({ id: `${path} ${nameOf(node)}`, place: `${path}:${start}`, lines });
    }
    ts.forEachChild(node, visit);
  };
  visit(tree);
  return found;
}

/** Functions, methods, accessors and constructors. A type of a function, or an overload, has no body. */
function hasBody(node: ts.Node): node is ts.FunctionLikeDeclaration {
  return ts.isFunctionLike(node) && "body" in node && node.body !== undefined;
}

/** The function's own name, or that of what it is the value or an argument of. */
function nameOf(node: ts.FunctionLikeDeclaration): string {
  if (ts.isConstructorDeclaration(node)) return `${ownerOf(node)}constructor`;
  const { name } = node;
  if (name !== undefined) return `${ownerOf(node)}${name.getText()}`;
  const { parent } = node;
  if (ts.isVariableDeclaration(parent) || ts.isPropertyAssignment(parent) || ts.isPropertyDeclaration(parent)) {
    return `${ownerOf(parent)}${parent.name.getText()}`;
  }
  if (!ts.isCallExpression(parent)) return "(unnamed)";
  const { expression } = parent;
  return `argument of ${ts.isPropertyAccessExpression(expression) ? expression.name.text : expression.getText()}`;
}

/** `Class.` for a member of a class, else nothing. */
function ownerOf({ parent }: ts.Node): string {
  return ts.isClassLike(parent) && parent.name !== undefined ? `${parent.name.text}.` : "";
}
