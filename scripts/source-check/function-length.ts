import ts from "typescript";
import type { SourceFile } from "./source-file.ts";

/** Lines of a function, from its name to its end. Its doc comment does not count. */
export const MAX_FUNCTION_LINES = 80;

/** One line for each function that is longer than that. */
export function longFunctions(files: readonly SourceFile[]): readonly string[] {
  return files.flatMap(longFunctionsOf);
}

function longFunctionsOf({ path, text }: SourceFile): readonly string[] {
  const tree = ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true);
  const lineOf = (position: number) => tree.getLineAndCharacterOfPosition(position).line + 1;
  const found: string[] = [];
  const visit = (node: ts.Node): void => {
    if (hasBody(node)) {
      const start = lineOf(node.getStart(tree));
      const lines = lineOf(node.end) - start + 1;
      if (lines > MAX_FUNCTION_LINES) {
        found.push(
          `${path}:${start}: the function ${nameOf(node)} has ${lines} lines, and at most ${MAX_FUNCTION_LINES} are ` +
            "allowed: make functions of its parts, or a class whose methods can be tested",
        );
      }
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
