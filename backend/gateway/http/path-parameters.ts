import { parameterError, refuse } from "../../contract/index.ts";
import { pathValues } from "../../surface/path.ts";
import type { HttpEntry } from "../../surface.ts";
import { readText } from "./query.ts";

/**
 * The parameters of a request with those in its path. Throws a refusal when query or body have one of the same name,
 * because two readers of the request could take different values.
 */
export function withPathValues(
  path: string,
  { path: pattern, params }: HttpEntry,
  given: Readonly<Record<string, unknown>>,
): Readonly<Record<string, unknown>> {
  const values = pathValues(pattern, path);
  if (!values) throw refuse("NOT_FOUND");
  const all = { ...given };
  for (const [name, text] of Object.entries(values)) {
    if (Object.hasOwn(given, name)) {
      throw parameterError({
        field: name,
        expected: "it in the path alone",
        given: "it in the query or the body too",
      });
    }
    const schema = params[name];
    all[name] = schema ? readText(text, schema) : text;
  }
  return all;
}
