import type { ObjectShape, Shape } from "../surface/shape.ts";
import type { Param, Params } from "../surface.ts";

/** A JSON Schema of the dialect that OpenAPI 3.1 has (2020-12). */
export type JsonSchema = Readonly<Record<string, unknown>>;

/**
 * The schema of an answer or an event. Shapes that have a name are put into `components` and referred to. It is open: fields may be
 * added to answers, and a client shall not break by it.
 */
export function answerSchema(shape: Shape, components: Record<string, JsonSchema>): JsonSchema {
  const plain = plainSchema(shape, components);
  const schema = shape.nullable ? orNull(plain) : plain;
  return shape.about === undefined || isNamed(shape) ? schema : { ...schema, description: shape.about };
}

function isNamed(shape: Shape): shape is ObjectShape & { readonly name: string } {
  return shape.type === "object" && shape.name !== undefined;
}

function plainSchema(shape: Shape, components: Record<string, JsonSchema>): JsonSchema {
  switch (shape.type) {
    case "string":
      return { type: "string", ...(shape.format && { format: shape.format }), ...(shape.secret && SECRET) };
    case "integer":
      return { type: "integer", minimum: 0 };
    case "boolean":
      return { type: "boolean" };
    case "true":
      return { const: true };
    case "word":
      return { type: "string", enum: shape.words };
    case "list":
      return { type: "array", items: answerSchema(shape.of, components) };
    case "foreign":
      return { type: "object" };
    case "object":
      if (!isNamed(shape)) return fieldsSchema(shape, components);
      components[shape.name] ??= { ...fieldsSchema(shape, components), description: shape.about };
      return { $ref: `#/components/schemas/${shape.name}` };
  }
}

function fieldsSchema({ fields }: ObjectShape, components: Record<string, JsonSchema>): JsonSchema {
  const entries = Object.entries(fields);
  const isThere = (shape: Shape) => !shape.optional && !isCookie(shape);
  return {
    type: "object",
    properties: Object.fromEntries(entries.map(([name, shape]) => [name, answerSchema(shape, components)])),
    required: entries.filter(([, shape]) => isThere(shape)).map(([name]) => name),
  };
}

/** Whether a page gets it as a cookie. */
export function isCookie(shape: Shape): boolean {
  return shape.type === "string" && shape.cookie === true;
}

function orNull(schema: JsonSchema): JsonSchema {
  if ("$ref" in schema) return { anyOf: [schema, { type: "null" }] };
  return {
    ...schema,
    type: [schema.type, "null"],
    ...(Array.isArray(schema.enum) ? { enum: [...schema.enum, null] } : {}),
  };
}

const SECRET = { format: "password" } as const;

/** The schema of a parameter's value. */
export function paramSchema(param: Param): JsonSchema {
  switch (param.type) {
    case "integer":
      return { type: "integer", minimum: param.min, maximum: param.max };
    case "email":
      return { type: "string", format: "email", maxLength: param.max };
    case "string":
      return { type: "string", minLength: param.min, maxLength: param.max, ...(param.secret && SECRET) };
  }
}

/** The schema of parameters that are sent together: no other name is taken. */
export function paramsSchema(params: Params): JsonSchema {
  return {
    type: "object",
    properties: Object.fromEntries(Object.entries(params).map(([name, param]) => [name, paramSchema(param)])),
    required: Object.keys(params).filter((name) => params[name]?.optional !== true),
    additionalProperties: false,
  };
}
