import { refuse } from "../../contract/index.ts";
import type { Bounded, Params } from "../../surface/grammar.ts";

/**
 * The parameters in a query string: text, or what the schema declares in its place. An array is a name that occurs
 * several times. Throws a refusal for any other name that occurs twice; what is not declared, or has another form,
 * passes on and is refused by the validator.
 */
export function readQuery(query: string, params: Params): Readonly<Record<string, unknown>> {
  if (query === "") return {};
  const values = new Map<string, unknown>();
  for (const [name, value] of new URLSearchParams(query)) {
    const schema = Object.hasOwn(params, name) ? params[name] : undefined;
    if (schema && isArray(schema)) {
      const items = values.get(name) as unknown[] | undefined;
      if (items) items.push(readText(value, schema.items));
      else values.set(name, [readText(value, schema.items)]);
      continue;
    }
    if (values.has(name)) throw refuse("VALIDATION", { field: name });
    values.set(name, schema ? readText(value, schema) : value);
  }
  return Object.fromEntries(values);
}

/** Reads a value of the schema's type from a text in a path or query; the text itself where it is no such value. */
export function readText(text: string, schema: Bounded): unknown {
  switch ("type" in schema ? schema.type : undefined) {
    case "integer":
      return /^-?\d{1,16}$/.test(text) ? Number(text) : text;
    case "number":
      return /^-?\d{1,16}(?:\.\d{1,16})?$/.test(text) ? Number(text) : text;
    case "boolean":
      return text === "true" ? true : text === "false" ? false : text;
    default:
      return text;
  }
}

function isArray(schema: Bounded): schema is Extract<Bounded, { readonly type: "array" }> {
  return "type" in schema && schema.type === "array";
}
