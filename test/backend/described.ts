import { Ajv2020, type ValidateFunction } from "ajv/dist/2020.js";
import formats from "ajv-formats";
import { openApi } from "../../backend/gateway/index.ts";

/** What the OpenAPI document says, as a client reads it. */
export const document = JSON.parse(JSON.stringify(openApi()));

/**
 * The same, but closed: clients accept fields that they do not know, and a test does not, because a field that is not
 * declared may be an internal that leaks.
 */
function closed(part: unknown): unknown {
  if (Array.isArray(part)) return part.map(closed);
  if (typeof part !== "object" || part === null) return part;
  const all = Object.fromEntries(Object.entries(part).map(([name, inner]) => [name, closed(inner)]));
  return all.type === "object" && "properties" in all ? { additionalProperties: false, ...all } : all;
}

// The schema of schemas takes 0.1 s to compile in each test file, and does not look into a document that is no schema
// itself.
const ajv = new Ajv2020({ allErrors: true, strictTypes: false, validateSchema: false });
formats.default(ajv);
ajv.addFormat("password", true);
ajv.addVocabulary(Object.keys(document)); // within its schemas an unknown word is an error
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

const JSON_SCHEMA = ["content", "application/json", "schema"];

/** The place that a reference leads to. */
const target = ({ $ref }: { $ref: string }): string[] => $ref.split("/").slice(1);
const at = (place: readonly string[]) => place.reduce((part, name) => part[name], document);
const resolved = (part: { $ref: string }) => ("$ref" in part ? at(target(part)) : part);

/** An answer as a client sees it. */
interface Seen {
  readonly status: number;
  readonly headers: Headers;
  readonly json: unknown;
}

/** What an HTTP answer has that the document does not say, or lacks that it says. */
export function responseDifferences(method: string, path: string, { status, headers, json }: Seen): string[] {
  const operation = ["paths", path, method.toLowerCase()];
  const response = at([...operation, "responses"])[status];
  if (!response) return [`${method} ${path} answers ${status}, and the document knows no such status`];
  const place = "$ref" in response ? target(response) : [...operation, "responses", String(status)];
  const missing = Object.entries<{ $ref: string }>(at(place).headers).filter(([name, header]) => {
    return resolved(header).required === true && !headers.has(name);
  });
  const { content } = at(place);
  const [type = ""] = (headers.get("content-type") ?? "application/json").split(";");
  if (!(type in content)) return [`${method} ${path} answers ${status} with ${type}, which the document does not know`];
  return [
    ...(type === "application/json" ? problems([...place, ...JSON_SCHEMA], json) : []),
    ...missing.map(([name]) => `${method} ${path} answers ${status} without ${name}`),
  ];
}

/** Whether the document describes requests with this method for this path. */
export const isDescribed = (method: string, path: string): boolean =>
  method.toLowerCase() in (document.paths[path] ?? {});

/** The same for what a call over the socket was acknowledged with. A call of an unknown action says so. */
export function resultDifferences(action: string, error: Refused | null, result: unknown): string[] {
  const unlike = error ? problems(["x-socket", "error"], error) : [];
  if (!(action in calls)) return [...unlike, ...codeDifferences(action, ["NOT_FOUND"], error ?? { code: "nothing" })];
  return [...unlike, ...outcomeDifferences(action, error, result)];
}

interface Refused {
  readonly code: string;
}

/**
 * The same for what an action returned within the node, by the description of the entry through which clients reach it.
 */
export function outcomeDifferences(action: string, error: Refused | null, result: unknown): string[] {
  const operation = operations.get(action);
  if (!operation && !(action in calls)) return []; // only services call it
  if (error) return codeDifferences(action, operation ? codesOf(operation) : calls[action].codes, error);
  if (operation && !("application/json" in at([...operation, "responses", "200"]).content)) return [];
  const place = operation
    ? [...operation, "responses", "200", ...JSON_SCHEMA]
    : ["x-socket", "calls", action, "result"];
  return problems(place, result);
}

const { calls } = document["x-socket"];
/** Where each operation stands. */
const operations = new Map(
  Object.entries<Record<string, { operationId: string }>>(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, { operationId }]) => [operationId, ["paths", path, method]] as const),
  ),
);

function codesOf(operation: readonly string[]): string[] {
  const responses = Object.entries<{ $ref: string }>(at([...operation, "responses"]));
  const refused = responses.filter(([status]) => status !== "200").map(([, response]) => resolved(response));
  return refused.flatMap(
    ({ content }) => content["application/json"].schema.allOf[1].properties.error.properties.code.enum,
  );
}

function codeDifferences(action: string, codes: readonly string[], { code }: Refused): string[] {
  return codes.includes(code) ? [] : [`${action} refuses with ${code}, and the document knows no such code`];
}

/** The same of an event that the server sent. */
export function eventDifferences(event: string, payload: unknown): string[] {
  if (!(event in document["x-socket"].events))
    return [`the server sends ${event}, and the document knows no such event`];
  return problems(["x-socket", "events", event, "payload"], payload);
}
