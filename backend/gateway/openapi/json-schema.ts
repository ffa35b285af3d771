import { type ObjectSchema, object, type Params, type ValueSchema } from "../../surface/grammar.ts";

/** A JSON Schema of the dialect that OpenAPI 3.1 has (2020-12), without the grammar's own keywords. */
export type JsonSchema = Readonly<Record<string, unknown>>;

/**
 * The schema of a response or an event. Objects that have a title are put into `components` and referred to. It is
 * open: fields may be added to responses, and a client shall not break by it.
 */
export function resultSchema(schema: ValueSchema, components: Record<string, JsonSchema>): JsonSchema {
  return translated(schema, (inner) => {
    if (inner.title === undefined) return openObject(inner, components);
    components[inner.title] ??= { ...openObject(inner, components), description: inner.description };
    return { $ref: `#/components/schemas/${inner.title}` };
  });
}

function openObject({ properties, required }: ObjectSchema, components: Record<string, JsonSchema>): JsonSchema {
  const entries = Object.entries(properties);
  return {
    type: "object",
    properties: Object.fromEntries(entries.map(([name, schema]) => [name, resultSchema(schema, components)])),
    required: required.filter((name) => !properties[name]?.cookie),
  };
}

/** The schema of a parameter's value. */
export function paramSchema(schema: ValueSchema): JsonSchema {
  return translated(schema, closedObject);
}

function closedObject({ properties, required }: ObjectSchema): JsonSchema {
  const entries = Object.entries(properties);
  return {
    type: "object",
    properties: Object.fromEntries(entries.map(([name, schema]) => [name, paramSchema(schema)])),
    required,
    additionalProperties: false,
  };
}

/** The schema of parameters that are sent together: no other name is taken. */
export function paramsSchema(params: Params): JsonSchema {
  return closedObject(object(params));
}

type OfObject = (schema: ObjectSchema) => JsonSchema;

/** A schema with keywords of JSON Schema alone; objects are translated by `ofObject`. */
function translated(schema: ValueSchema, ofObject: OfObject): JsonSchema {
  const plain = translatedValue(schema, ofObject);
  // beside a reference, which has a description of its own
  return schema.description === undefined || "$ref" in plain ? plain : { ...plain, description: schema.description };
}

function translatedValue(schema: ValueSchema, ofObject: OfObject): JsonSchema {
  const inner = (one: ValueSchema) => translated(one, ofObject);
  if ("anyOf" in schema) return orNull(inner(schema.anyOf[0]));
  if ("oneOf" in schema) return { oneOf: schema.oneOf.map(inner), discriminator: schema.discriminator };
  if ("type" in schema && schema.type === "array") return { ...plainKeywords(schema), items: inner(schema.items) };
  if ("properties" in schema) return ofObject(schema);
  return { ...plainKeywords(schema), ...(schema.secret && { format: "password" }) };
}

const OWN = new Set(["optional", "secret", "cookie", "refuses", "description"]);

function plainKeywords(schema: ValueSchema): JsonSchema {
  const shown = Object.entries(schema).filter(([keyword]) => !OWN.has(keyword));
  if ("additionalProperties" in schema) return { type: "object" };
  return Object.fromEntries(shown);
}

function orNull(schema: JsonSchema): JsonSchema {
  if (typeof schema.type !== "string") return { anyOf: [schema, { type: "null" }] };
  return {
    ...schema,
    type: [schema.type, "null"],
    ...(Array.isArray(schema.enum) ? { enum: [...schema.enum, null] } : {}),
  };
}
