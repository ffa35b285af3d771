import { isDeepStrictEqual } from "node:util";
import type ts from "typescript";
import { ExampleRefusal } from "../../infra/local/console/index.ts";
import type { Example } from "../../infra/rules/index.ts";
import { insertElement } from "./insert-element.ts";
import { literalOf, valueOfLiteral } from "./literal.ts";

type TypeScript = typeof ts;
type Side = "match" | "pass";

/** The file of a rule. */
export interface RuleText {
  /** From the project's folder. */
  readonly file: string;
  readonly text: string;
  readonly ref: string;
}

/** The text of a rule's file with one example more. Throws an ExampleRefusal where the file has no list for it. */
export function addExample(typescript: TypeScript, rule: RuleText, side: Side, example: Example): string {
  const { tree, elements } = examplesOf(typescript, rule, side, `Write it by hand: ${literalOf(example)}`);
  if (elements.some((one) => isDeepStrictEqual(valueOfLiteral(typescript, one), example))) {
    throw new ExampleRefusal(`${rule.file} has this example already.`);
  }
  return insertElement(tree, elements, literalOf(example));
}

/**
 * Whether a text has, in its syntax tree, this example after those that the rule had before, and all else as it was: no
 * captured text became a part of the program.
 */
export function hasExample(
  typescript: TypeScript,
  before: RuleText,
  text: string,
  { side, example }: { readonly side: Side; readonly example: Example },
): boolean {
  const old = examplesOf(typescript, before, side);
  const { tree, elements } = examplesOf(typescript, { ...before, text }, side);
  const added = elements.at(-1);
  return (
    added !== undefined &&
    elements.length === old.elements.length + 1 &&
    isDeepStrictEqual(valueOfLiteral(typescript, added), example) &&
    isDeepStrictEqual(nodesOf(typescript, tree, added), nodesOf(typescript, old.tree))
  );
}

/** The array of examples of a side, in the object of the file that has this `ref`. */
function examplesOf(typescript: TypeScript, { file, text, ref }: RuleText, side: Side, advice = "") {
  assertParses(typescript, file, text);
  const tree = typescript.createSourceFile(file, text, typescript.ScriptTarget.Latest, true);
  const found: ts.ObjectLiteralExpression[] = [];
  const visit = (node: ts.Node): void => {
    const own = typescript.isObjectLiteralExpression(node) ? propertyOf(typescript, node, "ref") : undefined;
    if (own && typescript.isStringLiteralLike(own) && own.text === ref) found.push(node as ts.ObjectLiteralExpression);
    typescript.forEachChild(node, visit);
  };
  visit(tree);
  const [rule, ...more] = found;
  if (more.length > 0) throw new ExampleRefusal(`${file} has several objects with the ref ${ref}. ${advice}`);
  const examples = rule && propertyOf(typescript, rule, "examples");
  const list =
    examples && typescript.isObjectLiteralExpression(examples) ? propertyOf(typescript, examples, side) : undefined;
  if (!list || !typescript.isArrayLiteralExpression(list)) {
    throw new ExampleRefusal(
      `${file} makes the examples of ${ref} by code: there is no list \`${side}\` to add to. ${advice}`,
    );
  }
  return { tree, elements: list.elements };
}

function assertParses(typescript: TypeScript, file: string, text: string): void {
  const { diagnostics = [] } = typescript.transpileModule(text, {
    fileName: file,
    reportDiagnostics: true,
    compilerOptions: { module: typescript.ModuleKind.ESNext, target: typescript.ScriptTarget.ESNext },
  });
  const [first] = diagnostics;
  if (!first) return;
  const line = text.slice(0, first.start ?? 0).split("\n").length;
  const message = typescript.flattenDiagnosticMessageText(first.messageText, " ");
  throw new ExampleRefusal(`${file}:${line} does not parse: ${message} Correct it first.`);
}

/** The value of the one property with this name, without `as const` and the like. */
function propertyOf(typescript: TypeScript, object: ts.ObjectLiteralExpression, name: string) {
  const named = object.properties.filter(
    (one): one is ts.PropertyAssignment => typescript.isPropertyAssignment(one) && isNamed(one.name, name),
  );
  let value = named.length === 1 ? named[0]?.initializer : undefined;
  while (
    value &&
    (typescript.isAsExpression(value) ||
      typescript.isSatisfiesExpression(value) ||
      typescript.isParenthesizedExpression(value))
  ) {
    value = value.expression;
  }
  return value;
}

const isNamed = (name: ts.PropertyName, wanted: string): boolean => "text" in name && name.text === wanted;

/** The nodes of a tree in their order, with the texts of those that have one, and without a part. */
function nodesOf(typescript: TypeScript, tree: ts.Node, left?: ts.Node): readonly string[] {
  const nodes: string[] = [];
  const visit = (node: ts.Node): void => {
    if (node === left) return;
    nodes.push(`${node.kind} ${"text" in node && node.kind !== typescript.SyntaxKind.SourceFile ? node.text : ""}`);
    typescript.forEachChild(node, visit);
  };
  visit(tree);
  return nodes;
}
