import type { Params } from "../../surface/grammar.ts";
import { isParameter, pathNames, segmentsOf } from "../../surface/path.ts";
import {
  namespaces as declaredNamespaces,
  type Emit,
  emits,
  type HttpEntry,
  http,
  type NamespaceCall,
  type NamespaceEntry,
  SOCKET_PATH,
  socket,
} from "../../surface.ts";
import { REFRESH_COOKIE } from "../http/refresh-cookie.ts";
import { type JsonSchema, paramSchema, paramsSchema, resultSchema } from "./json-schema.ts";
import { bodyOf, json } from "./media.ts";
import { callRefusals, joinRefusals } from "./refusals.ts";
import { CALL_ERROR, ERROR, HEADERS, responsesOf } from "./responses.ts";

/**
 * The OpenAPI 3.1 description of the surface, derived from it. OpenAPI cannot describe what goes over a socket: that is
 * in the extension `x-socket`, in the same schemas.
 */
export function openApi(namespaces: readonly NamespaceEntry[] = declaredNamespaces) {
  const schemas: Record<string, JsonSchema> = { Error: ERROR };
  const responses: Record<string, object> = {};
  const paths: Record<string, Record<string, object>> = {};
  for (const entry of http as readonly HttpEntry[]) {
    const operation = { ...requestOf(entry), responses: responsesOf(entry, { schemas, responses }) };
    const path = templateOf(entry.path);
    paths[path] = { ...paths[path], [entry.method.toLowerCase()]: operation };
  }
  return {
    openapi: "3.1.0",
    info: {
      title: "Causeway",
      version: "1.0.0",
      description: [
        "Fields may be added to responses: ignore those you do not know.",
        "What the edge refuses before it reaches the server it refuses in HTML.",
      ].join(" "),
    },
    // where the document was read
    servers: [{ url: "/" }],
    paths,
    "x-socket": overSocket(namespaces, schemas),
    components: {
      schemas,
      responses,
      headers: HEADERS,
      securitySchemes: {
        accessToken: { type: "http", scheme: "bearer", bearerFormat: "JWT" },
        refreshCookie: { type: "apiKey", in: "cookie", name: REFRESH_COOKIE },
      },
    },
  };
}

function requestOf(entry: HttpEntry): object {
  const { method, action, bodyLimit } = entry;
  const inBody = method !== "GET" && bodyLimit > 0 && entry.kind === undefined;
  const inPath = new Set(pathNames(entry.path));
  const part = (isInPath: boolean): Params =>
    Object.fromEntries(Object.entries(entry.params).filter(([name]) => inPath.has(name) === isInPath));
  const params = part(false);
  const parameters = [...parametersIn("path", part(true)), ...(inBody ? [] : parametersIn("query", params))];
  const required = Object.values(params).some(({ optional }) => optional !== true);
  return {
    operationId: action,
    summary: entry.summary,
    ...security(entry),
    ...described(entry),
    ...(inBody && Object.keys(params).length > 0
      ? { requestBody: { required, content: json(paramsSchema(params)) } }
      : {}),
    ...(entry.kind === "stream" && entry.body ? { requestBody: bodyOf(entry.body) } : {}),
    ...(inBody && parameters.length === 0 ? {} : { parameters }),
  };
}

function security({ access, session }: HttpEntry): object {
  if (access !== "public") return { security: [{ accessToken: [] }] };
  // an empty list means that no credentials are needed; without a list the document would not say it
  return { security: session === "renews" ? [{}, { refreshCookie: [] }] : [] };
}

interface Described {
  readonly access: HttpEntry["access"];
  readonly about?: string;
}

function described({ access, about }: Described): { readonly description?: string } {
  const role = access === "public" ? undefined : `Needs the role ${access}.`;
  const description = [about, role].filter((part) => part !== undefined).join(" ");
  return description === "" ? {} : { description };
}

/** A path as OpenAPI writes it: `/api/todos/{id}`. */
function templateOf(path: string): string {
  return `/${segmentsOf(path)
    .map((segment) => (isParameter(segment) ? `{${segment.slice(1)}}` : segment))
    .join("/")}`;
}

function parametersIn(place: "path" | "query", params: Params): object[] {
  return Object.entries(params).map(([name, param]) => ({
    name,
    in: place,
    required: param.optional !== true,
    schema: paramSchema(param),
  }));
}

type Schemas = Record<string, JsonSchema>;

function overSocket(namespaces: readonly NamespaceEntry[], schemas: Schemas): object {
  return {
    description: SOCKET,
    path: SOCKET_PATH,
    transports: ["websocket"],
    error: CALL_ERROR,
    calls: callsOf(socket, schemas),
    events: eventsOf(emits, schemas),
    namespaces: Object.fromEntries(namespaces.map((entry) => [entry.name, namespaceOf(entry, schemas)])),
  };
}

function namespaceOf(entry: NamespaceEntry, schemas: Schemas): object {
  return {
    summary: entry.summary,
    ...described(entry),
    codes: joinRefusals(entry),
    calls: callsOf(entry.calls, schemas),
    events: eventsOf(entry.emits ?? {}, schemas),
  };
}

function callsOf(entries: readonly NamespaceCall[], schemas: Schemas): object {
  const call = (entry: NamespaceCall) => ({
    summary: entry.summary,
    ...described(entry),
    parameters: paramsSchema(entry.params),
    result: resultSchema(entry.returns, schemas),
    codes: callRefusals(entry),
  });
  return Object.fromEntries(entries.map((entry) => [entry.action, call(entry)]));
}

function eventsOf(emitted: Readonly<Record<string, Emit>>, schemas: Schemas): object {
  const event = ({ about, payload }: Emit) => ({ description: about, payload: resultSchema(payload, schemas) });
  return Object.fromEntries(Object.entries(emitted).map(([name, emit]) => [name, event(emit)]));
}

const SOCKET = [
  'Socket.IO. Connect with `auth: { token }`, an access token; with `state: "away"` beside it when the user looks at ' +
    "something else.",
  '`emit("call", name, parameters, (error, result) => ...)` makes one of `calls`: `error` is null, or an `error` ' +
    "with one of its `codes`.",
  '`emit("authenticate", token, (error, result) => ...)` with a fresh access token of the same session keeps the ' +
    "connection open when the one before expires, until `expiresAt` of the result, in milliseconds since 1970.",
  "The server sends `events`.",
  "Each of `namespaces` is a Socket.IO namespace: join it with `auth: { token }`, which may be left out where no " +
    "role is needed. `connect_error` has one of its `codes` as message. Its calls and events work like those above.",
].join(" ");
