import type { PolicyExpression } from "./lint.ts";
import { comparedField, comparisons, textLiterals } from "./visit.ts";

/**
 * The host names that an expression compares the whole host with, in lower case and without a dot at the end, which
 * changes no name.
 */
export function hostsIn({ analysis: { condition } }: PolicyExpression): readonly string[] {
  if (!condition) return [];
  return [...comparisons(condition)].flatMap(({ compared, negated }) => {
    if (negated || comparedField(compared.left) !== "http.host") return [];
    return textLiterals(compared)
      .filter(({ operator }) => operator === "eq" || operator === "in")
      .map(({ value }) => value.toLowerCase().replace(/\.$/, ""));
  });
}

/** Whether one of the served names, which may begin with `*.`, covers a host. */
export function isServed(host: string, served: readonly string[]): boolean {
  return served.some((name) => {
    const lower = name.toLowerCase();
    return lower === host || lower === "*" || (lower.startsWith("*.") && host.endsWith(lower.slice(1)));
  });
}
