import { CODES } from "../contract/index.ts";
import { type HttpEntry, http, type Param, type Params } from "../surface.ts";
import { REFRESH_COOKIE } from "./refresh-cookie.ts";

/** The OpenAPI 3.1 description of the HTTP surface, derived from it. */
export function openApi(): object {
  const paths: Record<string, Record<string, object>> = {};
  for (const entry of http as readonly HttpEntry[]) {
    paths[entry.path] = { ...paths[entry.path], [entry.method.toLowerCase()]: operation(entry) };
  }
  return {
    openapi: "3.1.0",
    info: { title: "Causeway", version: "1.0.0", description: "Users and authentication of the chat." },
    paths,
    components: {
      schemas: { Error: errorSchema },
      securitySchemes: {
        accessToken: { type: "http", scheme: "bearer", bearerFormat: "JWT" },
        refreshCookie: { type: "apiKey", in: "cookie", name: REFRESH_COOKIE },
      },
    },
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

function operation(entry: HttpEntry): object {
  const { method, action, access, bodyLimit, params } = entry;
  const inBody = method !== "GET" && bodyLimit > 0;
  return {
    operationId: action,
    ...(access === "public" ? {} : { security: [{ accessToken: [] }], description: `Needs the role ${access}.` }),
    ...(inBody && Object.keys(params).length > 0
      ? { requestBody: { required: true, content: { "application/json": { schema: objectSchema(params) } } } }
      : {}),
    ...(inBody ? {} : { parameters: queryParameters(params) }),
    responses: {
      200: { description: "Done.", content: { "application/json": { schema: { type: "object" } } } },
      default: {
        description: "Refused.",
        content: { "application/json": { schema: { $ref: "#/components/schemas/Error" } } },
      },
    },
  };
}

function queryParameters(params: Params): object[] {
  return Object.entries(params).map(([name, param]) => ({
    name,
    in: "query",
    required: param.optional !== true,
    schema: valueSchema(param),
  }));
}

function objectSchema(params: Params): object {
  return {
    type: "object",
    properties: Object.fromEntries(Object.entries(params).map(([name, param]) => [name, valueSchema(param)])),
    required: Object.keys(params).filter((name) => params[name]?.optional !== true),
    additionalProperties: false,
  };
}

function valueSchema(param: Param): object {
  switch (param.type) {
    case "integer":
      return { type: "integer", minimum: param.min, maximum: param.max };
    case "email":
      return { type: "string", format: "email", maxLength: param.max };
    case "string":
      return {
        type: "string",
        minLength: param.min,
        maxLength: param.max,
        ...(param.secret ? { format: "password" } : {}),
      };
  }
}
