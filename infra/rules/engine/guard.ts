import { type Compiled, type CompileOptions, compile } from "../evaluate/compile.ts";

/**
 * The part of an expression after the condition on hostnames: `A` of `http.host eq "x" and A`. Where both hold, this
 * part is the reason to show. Undefined where the expression does not begin with a condition on `http.host` alone.
 */
export function conditionAfterGuard(
  { tree: whole, text }: Compiled,
  lists: NonNullable<CompileOptions["lists"]>,
): Compiled | undefined {
  let tree = whole;
  while (tree.kind === "group") tree = tree.inner;
  if (tree.kind !== "logical" || tree.operator !== "and") return undefined;
  const [first, second] = tree.items;
  if (first === undefined || second === undefined) return undefined;
  const guard = compile(text.slice(first.span.start, first.span.end), { lists });
  if (!guard.ok || guard.fields.some((name) => name !== "http.host")) return undefined;
  const own = compile(text.slice(second.span.start, tree.span.end), { lists });
  return own.ok ? own : undefined;
}
