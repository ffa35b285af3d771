/**
 * The package's schema, which `pulumi` reads from a provider
 * (https://www.pulumi.com/docs/iac/using-pulumi/pulumi-packages/schema/).
 */
import type { FieldKind, ResourceFields } from "../fields.ts";
import type { ResourceType } from "../resource.ts";

type Json = Record<string, unknown>;

/** The schema of our table: the same names, types and required inputs that the checks use. */
export function schemaOf(resources: readonly ResourceType[], version: string): Json {
  const types: Record<string, Json> = {};
  const entries = resources.map(({ type, fields, secretOutputs }) => {
    const name = type.split(":").at(-1) ?? type;
    const inputs = select(fields, ({ computed }) => computed !== "always");
    return [
      type,
      {
        inputProperties: properties(inputs, name, types, secretOutputs),
        requiredInputs: required(inputs),
        properties: properties(fields, name, types, secretOutputs),
        required: Object.keys(fields).filter(
          (field) => fields[field]?.required || fields[field]?.computed === "always",
        ),
      },
    ] as const;
  });
  return { name: "cloudflare", version, types, resources: Object.fromEntries(entries) };
}

function select(fields: ResourceFields, keep: (field: ResourceFields[string]) => boolean): ResourceFields {
  return Object.fromEntries(Object.entries(fields).filter(([, field]) => keep(field)));
}

function required(fields: ResourceFields): string[] {
  return Object.keys(fields).filter((name) => fields[name]?.required);
}

function properties(
  fields: ResourceFields,
  owner: string,
  types: Record<string, Json>,
  secrets: readonly string[] = [],
): Json {
  return Object.fromEntries(
    Object.entries(fields).map(([name, field]) => [
      name,
      {
        ...typeOf(field.kind, `${owner}${name.charAt(0).toUpperCase()}${name.slice(1)}`, types),
        ...(secrets.includes(name) ? { secret: true } : {}),
        ...(field.replaces ? { willReplaceOnChanges: true } : {}),
      },
    ]),
  );
}

const primitives = { text: "string", json: "string", number: "number", flag: "boolean" } as const;

/** A type reference; the types of nested objects are added to `types` under names made from the path to them. */
function typeOf(kind: FieldKind, name: string, types: Record<string, Json>): Json {
  if (kind === "any") return { $ref: "pulumi.json#/Any" };
  if (typeof kind === "string") return { type: primitives[kind] };
  if ("list" in kind) return { type: "array", items: typeOf(kind.list, name.replace(/s$/, ""), types) };
  if ("record" in kind) return { type: "object", additionalProperties: typeOf(kind.record, name, types) };
  const token = `cloudflare:index/${name}:${name}`;
  types[token] = { type: "object", properties: properties(kind.object, name, types), required: required(kind.object) };
  return { $ref: `#/types/${token}` };
}
