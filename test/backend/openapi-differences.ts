import { Ajv2020, type ValidateFunction } from "ajv/dist/2020.js";
import formats from "ajv-formats";
import { openApi } from "../../backend/gateway/index.ts";

/** The OpenAPI document, as a client reads it. */
export const document = JSON.parse(JSON.stringify(openApi()));

/**
 * The document, with schemas that refuse undeclared fields. A client ignores such fields; a test does not, because an
 * undeclared field may be an internal that leaks.
 */
function withClosedObjects(part: unknown): unknown {
  if (Array.isArray(part)) return part.map(withClosedObjects);
  if (typeof part !== "object" || part === null) return part;
  const all = Object.fromEntries(Object.entries(part).map(([name, inner]) => [name, withClosedObjects(inner)]));
  return all.type === "object" && "properties" in all ? { additionalProperties: false, ...all } : all;
}

/**
 * Compiles the schema at a place of an OpenAPI document, a JSON pointer without its first slash. Within the schemas an
 * unknown keyword is an error.
 */
export function schemaCompiler(openApiDocument: object): (pointer: string) => ValidateFunction {
  // The schema of schemas takes 0.1 s to compile in each test file, and does not look into a document that is no schema
  // itself.
  const ajv = new Ajv2020({ allErrors: true, strictTypes: false, validateSchema: false });
  formats.default(ajv);
  ajv.addFormat("password", true);
  // `discriminator` is for readers: the constants in the members of `oneOf` tell them apart
  ajv.addVocabulary([...Object.keys(openApiDocument), "discriminator"]);
  ajv.addSchema(withClosedObjects(openApiDocument) as object, "openapi");
  return (pointer) => ajv.compile({ $ref: `openapi#/${pointer}` });
}

const compile = schemaCompiler(document);
const compiled = new Map<string, ValidateFunction>();

/** What is wrong with a value by the schema at this place of the document; throws where there is none. */
function problems(place: readonly string[], value: unknown): string[] {
  const pointer = place.map((part) => encodeURIComponent(part.replaceAll("~", "~0").replaceAll("/", "~1"))).join("/");
  const validate = compiled.get(pointer) ?? compile(pointer);
  compiled.set(pointer, validate);
  if (validate(value)) return [];
  return (validate.errors ?? []).map(({ instancePath, message, params }) => {
    return `${place.join(" ")}: ${instancePath} ${message} ${JSON.stringify(params)}`;
  });
}

const JSON_SCHEMA = ["content", "application/json", "schema"];

/** The place in the document that a reference leads to. */
const targetOf = ({ $ref }: { $ref: string }): string[] => $ref.split("/").slice(1);
const at = (place: readonly string[]) => place.reduce((part, name) => part[name], document);
const resolve = (part: { $ref: string }) => ("$ref" in part ? at(targetOf(part)) : part);

/** A response as a client gets it. */
interface ReceivedResponse {
  readonly status: number;
  readonly headers: Headers;
  readonly json: unknown;
}

/** How an HTTP response differs from the document; empty when it is as described. */
export function responseDifferences(
  method: string,
  path: string,
  { status, headers, json }: ReceivedResponse,
): string[] {
  const operation = ["paths", path, method.toLowerCase()];
  const response = at([...operation, "responses"])[status];
  if (!response) return [`${method} ${path} responds with ${status}, which the document does not list`];
  const place = "$ref" in response ? targetOf(response) : [...operation, "responses", String(status)];
  const missing = Object.entries<{ $ref: string }>(at(place).headers).filter(([name, header]) => {
    return resolve(header).required === true && !headers.has(name);
  });
  const { content } = at(place);
  const [type = ""] = (headers.get("content-type") ?? "application/json").split(";");
  if (!(type in content))
    return [`${method} ${path} responds with ${status} and ${type}, which the document does not list`];
  return [
    ...(type === "application/json" ? problems([...place, ...JSON_SCHEMA], json) : []),
    ...missing.map(([name]) => `${method} ${path} responds with ${status} without ${name}`),
  ];
}

/** Whether the document describes requests with this method for this path. */
const isDescribed = (method: string, path: string): boolean => method.toLowerCase() in (document.paths[path] ?? {});

/** How the acknowledgement of a call over a socket differs from the document. An unknown action has to be NOT_FOUND. */
export function resultDifferences(action: string, error: Refused | null, result: unknown): string[] {
  const differences = error ? problems(["x-socket", "error"], error) : [];
  if (!(action in calls))
    return [...differences, ...codeDifferences(action, ["NOT_FOUND"], error ?? { code: "nothing" })];
  return [...differences, ...outcomeDifferences(action, error, result)];
}

interface Refused {
  readonly code: string;
}

/**
 * How the outcome of an action, called within the node, differs from what the document says of the entry through which
 * clients reach the action.
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
/** The place of each operation in the document, by its action. */
const operations = new Map(
  Object.entries<Record<string, { operationId: string }>>(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, { operationId }]) => [operationId, ["paths", path, method]] as const),
  ),
);

function codesOf(operation: readonly string[]): string[] {
  const responses = Object.entries<{ $ref: string }>(at([...operation, "responses"]));
  const refused = responses.filter(([status]) => status !== "200").map(([, response]) => resolve(response));
  return refused.flatMap(
    ({ content }) => content["application/json"].schema.allOf[1].properties.error.properties.code.enum,
  );
}

function codeDifferences(action: string, codes: readonly string[], { code }: Refused): string[] {
  return codes.includes(code) ? [] : [`${action} refuses with ${code}, which the document does not list`];
}

/** How an event that the server sent differs from the document. */
export function eventDifferences(event: string, payload: unknown): string[] {
  if (!(event in document["x-socket"].events)) return [`the server sends ${event}, which the document does not list`];
  return problems(["x-socket", "events", event, "payload"], payload);
}

/** Throws when the response of an endpoint is not as the OpenAPI document describes it. */
export function expectDescribed(method: string, path: string, response: ReceivedResponse): void {
  const [plain = path] = path.split("?");
  const differences = isDescribed(method, plain) ? responseDifferences(method, plain, response) : [];
  if (differences.length > 0) throw new Error(differences.join("\n"));
}
