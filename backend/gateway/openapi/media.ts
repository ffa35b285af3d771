import type { StreamBody, StreamResult } from "../../surface/stream-grammar.ts";
import { type JsonSchema, paramSchema, resultSchema } from "./json-schema.ts";

/** Contents of requests and responses, by media type. */
type Content = Readonly<Record<string, object>>;

export const json = (schema: JsonSchema): Content => ({ "application/json": { schema } });

/** Bytes as they are: OpenAPI 3.1 has no schema for them. */
const bytes = (types: readonly string[]): Content => Object.fromEntries(types.map((type) => [type, {}]));

/** What an entry responds with. */
export function resultContent(returns: StreamResult, components: Record<string, JsonSchema>): Content {
  if (!("as" in returns)) return json(resultSchema(returns, components));
  if (returns.as === "bytes") return bytes(returns.types);
  const named = Object.entries(returns.events).map(([event, schema]) => ({
    properties: { event: { const: event }, data: resultSchema(schema, components) },
  }));
  return {
    "text/event-stream": {
      schema: { type: "string", description: "Server-sent events. `data` is JSON." },
      "x-events": named,
    },
  };
}

/** What an entry of kind `stream` takes. */
export function bodyOf(body: StreamBody): object {
  if (body.as === "bytes") return { required: true, content: bytes(body.types) };
  if (body.as === "webhook") {
    return { required: true, description: "Signed by its sender.", content: { "application/json": {} } };
  }
  const fields = Object.entries(body.fields);
  const properties = {
    ...Object.fromEntries(fields.map(([name, schema]) => [name, paramSchema(schema)])),
    ...Object.fromEntries(Object.entries(body.files).map(([name, file]) => [name, filesSchema(file)])),
  };
  const required = fields.filter(([, { optional }]) => optional !== true).map(([name]) => name);
  const encoding = Object.entries(body.files).map(([name, { types }]) => [name, { contentType: types.join(", ") }]);
  return {
    required: true,
    content: {
      "multipart/form-data": {
        schema: { type: "object", properties, required, additionalProperties: false },
        encoding: Object.fromEntries(encoding),
      },
    },
  };
}

function filesSchema({ types, max }: { readonly types: readonly string[]; readonly max: number }): JsonSchema {
  const [type = "application/octet-stream"] = types;
  const file = { type: "string", contentMediaType: type };
  return max === 1 ? file : { type: "array", items: file, maxItems: max };
}
