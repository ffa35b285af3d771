import { refuse } from "../contract/index.ts";
import type { Params } from "../surface.ts";

/**
 * The parameters in a query string: text, or a number where an integer is declared. Throws a refusal for a name that occurs twice;
 * what is not declared passes on and is refused by the validator.
 */
export function readQuery(query: string, params: Params): Readonly<Record<string, unknown>> {
  if (query === "") return {};
  const values = new Map<string, unknown>();
  for (const [name, value] of new URLSearchParams(query)) {
    if (values.has(name)) throw refuse("VALIDATION", { field: name });
    const isInteger = Object.hasOwn(params, name) && params[name]?.type === "integer";
    values.set(name, isInteger && /^-?\d{1,16}$/.test(value) ? Number(value) : value);
  }
  return Object.fromEntries(values);
}
