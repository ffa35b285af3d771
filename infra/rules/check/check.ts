import type { Diagnostic } from "../diagnostic.ts";
import type { Expression } from "../language/ast.ts";
import { parse } from "../language/parse.ts";
import { print } from "../language/print.ts";
import { type LanguageSchema, SCHEMA } from "../schema/schema.ts";
import { analyze } from "./analyze.ts";
import type { Where } from "./availability.ts";
import { collect } from "./diagnose.ts";

/**
 * Everything that is wrong with a parsed expression: names, types, and what the phase or plan does not offer. Spans
 * are those of `text`, from which the tree was parsed; without it, those of the printed tree.
 */
export function check(
  tree: Expression,
  options: Where & { readonly schema?: LanguageSchema; readonly text?: string } = {},
): readonly Diagnostic[] {
  const text = options.text ?? print(tree);
  const parsed = options.text === undefined ? parse(text) : ({ ok: true, tree } as const);
  if (!parsed.ok) return parsed.diagnostics;
  const schema = options.schema ?? SCHEMA;
  const analysis = analyze(parsed.tree, text, schema);
  return collect(text, "condition", { part: "expression", ...options, schema }, [], analysis);
}
