import { Ajv2020, type ValidateFunction } from "ajv/dist/2020.js";
import formats from "ajv-formats";
import { openApi } from "../../backend/gateway/openapi.ts";

/** What the OpenAPI document says, as a client reads it. */
export const document = JSON.parse(JSON.stringify(openApi()));

/**
 * The same, but closed: clients shall bear fields they do not know, and a test shall not, because what nobody declared may be an
 * internal that leaks.
 */
function closed(part: unknown): unknown {
  if (Array.isArray(part)) return part.map(closed);
  if (typeof part !== "object" || part === null) return part;
  const all = Object.fromEntries(Object.entries(part).map(([name, inner]) => [name, closed(inner)]));
  return all.type === "object" && "properties" in all ? { additionalProperties: false, ...all } : all;
}

const ajv = new Ajv2020({ allErrors: true });
formats.default(ajv);
ajv.addFormat("password", true);
ajv.addVocabulary(Object.keys(document)); // the document is no schema itself; within its schemas an unknown word is an error
ajv.addSchema(closed(document) as object, "openapi");

const compiled = new Map<string, ValidateFunction>();

/** What is wrong with a value by the schema at this place of the document; throws where there is none. */
function problems(place: readonly string[], value: unknown): string[] {
  const pointer = place.map((part) => encodeURIComponent(part.replaceAll("~", "~0").replaceAll("/", "~1"))).join("/");
  const validate = compiled.get(pointer) ?? ajv.compile({ $ref: `openapi#/${pointer}` });
  compiled.set(pointer, validate);
  if (validate(value)) return [];
  return (validate.errors ?? []).map(({ instancePath, message, params }) => {
    return `${place.join(" ")}: ${instancePath} ${message} ${JSON.stringify(params)}`;
  });
}

/** What an HTTP answer has that the document does not say, or lacks that it says. */
export function unlikeAnswer(method: string, path: string, status: number, body: unknown): string[] {
  const { responses } = document.paths[path][method.toLowerCase()];
  const said = String(status) in responses ? String(status) : "default";
  return problems(["paths", path, method.toLowerCase(), "responses", said, ...JSON_SCHEMA], body);
}

const JSON_SCHEMA = ["content", "application/json", "schema"];

/** The same of what a call over the socket was acknowledged with. */
export const unlikeResult = (action: string, result: unknown): string[] =>
  problems(["x-socket", "calls", action, "result"], result);

/** The same of an event that the server sent. */
export const unlikeEvent = (event: string, payload: unknown): string[] =>
  problems(["x-socket", "events", event, "payload"], payload);
