import { fromBytes } from "../bytes.ts";
import type { Argument, Comparison, ElementAccess, Expression, Operator, Right, Text, ValueExpression } from "./ast.ts";

/** A tree as text: one space between words, words for operators. Parsing it gives an equal tree, but for spans. */
export function print(node: Expression): string {
  switch (node.kind) {
    case "broken":
      return "";
    case "group":
      return `(${print(node.inner)})`;
    case "not":
      return `not ${print(node.operand)}`;
    case "quantifier":
      return `${node.quantifier}(${printArgument(node.argument)})`;
    case "logical":
      return node.items.map(print).join(` ${node.operator} `);
    case "comparison":
      return printComparison(node);
  }
}

function printComparison({ left, operator, right }: Comparison): string {
  if (!operator || !right) return printValue(left);
  return `${printValue(left)} ${printOperator(operator.name)} ${printRight(right)}`;
}

function printOperator(operator: Operator): string {
  return operator === "bitwise_and" ? "&" : operator;
}

function printRight(right: Right): string {
  switch (right.kind) {
    case "value":
      return printValue(right);
    case "text":
      return printText(right);
    case "token":
      return right.text;
    case "list":
      return `$${right.name}`;
    case "items":
      return `{${right.items.map((item) => (item.kind === "text" ? printText(item) : item.text)).join(" ")}}`;
    case "broken":
      return "";
  }
}

function printValue({ of, accesses }: ValueExpression): string {
  const source = of.kind === "field" ? of.name : `${of.name}(${of.arguments.map(printArgument).join(", ")})`;
  return source + accesses.map(printAccess).join("");
}

function printAccess(access: ElementAccess): string {
  if (access.kind === "each") return "[*]";
  return access.kind === "key" ? `[${quote(access.key)}]` : `[${access.position}]`;
}

function printArgument(argument: Argument): string {
  switch (argument.kind) {
    case "value":
      return printValue(argument);
    case "text":
      return printText(argument);
    case "token":
      return argument.text;
    default:
      return print(argument);
  }
}

function printText({ form, value }: Text): string {
  if (form === "quoted") return quote(value);
  const text = fromBytes(value) ?? value;
  if (form === "raw") {
    const hashes = "#".repeat(hashesFor(text));
    return `r${hashes}"${text}"${hashes}`;
  }
  return `"${escapePattern(text)}"`;
}

/** The fewest hashes that no quote in the text is followed by. */
function hashesFor(text: string): number {
  let most = -1;
  for (const [, run = ""] of text.matchAll(/"(#*)/g)) most = Math.max(most, run.length);
  return most + 1;
}

/** A byte string in quotes; bytes that are no text are written `\xHH`. */
function quote(bytes: string): string {
  const text = fromBytes(bytes);
  const escaped = (text ?? bytes).replace(/["\\]/g, "\\$&");
  const hex = (byte: string): string => `\\x${byte.charCodeAt(0).toString(16).padStart(2, "0")}`;
  return `"${text === undefined ? escaped.replace(/[^\x20-\x7e]/g, hex) : escaped}"`;
}

/** A pattern as it was quoted: only quotes outside a class are escaped. */
function escapePattern(pattern: string): string {
  let text = "";
  let inClass = false;
  for (let at = 0; at < pattern.length; at += 1) {
    const next = pattern.charAt(at);
    if (next === "\\") {
      text += next + pattern.charAt(at + 1);
      at += 1;
      continue;
    }
    if (next === "[" && !inClass) inClass = true;
    else if (next === "]") inClass = false;
    text += next === '"' && !inClass ? '\\"' : next;
  }
  return text;
}
