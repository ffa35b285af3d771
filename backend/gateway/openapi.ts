import { CODES } from "../contract/index.ts";
import { type Emit, emits, type HttpEntry, http, SOCKET_PATH, type SocketEntry, socket } from "../surface.ts";
import { answerSchema, type JsonSchema, paramSchema, paramsSchema } from "./json-schema.ts";
import { REFRESH_COOKIE } from "./refresh-cookie.ts";

/**
 * The OpenAPI 3.1 description of the surface, derived from it. What goes over the socket OpenAPI has no words for: it stands in an
 * extension, in the same schemas.
 */
export function openApi() {
  const schemas: Record<string, JsonSchema> = { Error: errorSchema };
  const paths: Record<string, Record<string, object>> = {};
  for (const entry of http as readonly HttpEntry[]) {
    paths[entry.path] = { ...paths[entry.path], [entry.method.toLowerCase()]: operation(entry, schemas) };
  }
  return {
    openapi: "3.1.0",
    info: {
      title: "Causeway",
      version: "1.0.0",
      description: "Users, authentication and chat. Fields may be added to answers: ignore those you do not know.",
    },
    paths,
    components: {
      schemas,
      securitySchemes: {
        accessToken: { type: "http", scheme: "bearer", bearerFormat: "JWT" },
        refreshCookie: { type: "apiKey", in: "cookie", name: REFRESH_COOKIE },
      },
    },
    "x-socket": overSocket(schemas),
  };
}

const errorSchema = {
  type: "object",
  required: ["error"],
  properties: {
    error: {
      type: "object",
      required: ["code", "message"],
      properties: {
        code: {
          type: "string",
          description: `Stable. The gateway's own: ${Object.keys(CODES).join(", ")}; actions add theirs.`,
        },
        message: { type: "string", description: "For people; may change." },
        field: { type: "string", description: "The parameter that is wrong." },
      },
    },
  },
} as const;

function operation(entry: HttpEntry, schemas: Record<string, JsonSchema>): object {
  const { method, action, access, bodyLimit, params, answers } = entry;
  const inBody = method !== "GET" && bodyLimit > 0;
  return {
    operationId: action,
    ...(access === "public" ? {} : { security: [{ accessToken: [] }] }),
    ...described(entry),
    ...(inBody && Object.keys(params).length > 0
      ? { requestBody: { required: true, content: json(paramsSchema(params)) } }
      : {}),
    ...(inBody ? {} : { parameters: queryParameters(params) }),
    responses: {
      200: { description: "Done.", content: json(answerSchema(answers, schemas)) },
      default: { description: "Refused.", content: json({ $ref: "#/components/schemas/Error" }) },
    },
  };
}

const json = (schema: JsonSchema) => ({ "application/json": { schema } });

function described({ access, about }: HttpEntry | SocketEntry): { readonly description?: string } {
  const role = access === "public" ? undefined : `Needs the role ${access}.`;
  const description = [about, role].filter((part) => part !== undefined).join(" ");
  return description === "" ? {} : { description };
}

function queryParameters(params: HttpEntry["params"]): object[] {
  return Object.entries(params).map(([name, param]) => ({
    name,
    in: "query",
    required: param.optional !== true,
    schema: paramSchema(param),
  }));
}

function overSocket(schemas: Record<string, JsonSchema>): object {
  const calls = (socket as readonly SocketEntry[]).map((entry) => [
    entry.action,
    { ...described(entry), parameters: paramsSchema(entry.params), result: answerSchema(entry.answers, schemas) },
  ]);
  const events = Object.entries<Emit>(emits).map(([name, { about, payload }]) => [
    name,
    { description: about, payload: answerSchema(payload, schemas) },
  ]);
  return {
    description: SOCKET,
    path: SOCKET_PATH,
    transports: ["websocket"],
    calls: Object.fromEntries(calls),
    events: Object.fromEntries(events),
  };
}

const SOCKET = [
  "Socket.IO. Connect with `auth: { token }`, an access token.",
  '`emit("call", name, parameters, (error, result) => ...)` makes one of `calls`: either `error` is null, or it is what `error` is in',
  "an HTTP answer, with `retryAfter` in seconds where waiting helps.",
  '`emit("authenticate", token, acknowledged)` with a fresh access token of the same session keeps the connection beyond the end of',
  "the one before. The server sends `events`.",
].join(" ");
