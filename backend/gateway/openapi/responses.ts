import type { ValueSchema } from "../../surface/grammar.ts";
import { CODES, type Code, type HttpEntry } from "../../surface.ts";
import { REFRESH_COOKIE } from "../http/refresh-cookie.ts";
import type { JsonSchema } from "./json-schema.ts";
import { json, resultContent } from "./media.ts";
import { requestRefusals } from "./refusals.ts";

/** What the document has once and refers to. */
export interface Components {
  readonly schemas: Record<string, JsonSchema>;
  readonly responses: Record<string, object>;
}

const refusalSchema = {
  type: "object",
  required: ["code", "message"],
  properties: {
    code: { type: "string", description: "Stable." },
    message: { type: "string", description: "For people; may change." },
    field: { type: "string", description: "The parameter that is wrong." },
  },
} as const;
const seconds = { type: "integer", minimum: 0 } as const;

/** The one shape of a refusal, over HTTP and over the socket. */
export const ERROR = { type: "object", required: ["error"], properties: { error: refusalSchema } } as const;
export const CALL_ERROR = {
  ...refusalSchema,
  properties: {
    ...refusalSchema.properties,
    retryAfter: { ...seconds, description: "Seconds after which a retry makes sense." },
  },
} as const;

const text = { type: "string" } as const;
export const HEADERS = {
  RequestId: {
    description: "Stands in the server's log as well; missing where the request could not be read.",
    schema: text,
  },
  RetryAfter: {
    description: "Seconds after which a retry makes sense.",
    required: true,
    schema: seconds,
  },
  Authenticate: { description: "How to authenticate.", required: true, schema: text },
  SetCookie: { description: `For a page: gives or takes away \`${REFRESH_COOKIE}\`.`, schema: text },
} as const;
const header = (name: keyof typeof HEADERS) => ({ $ref: `#/components/headers/${name}` });

/** All responses to a request for the entry, by status. */
export function responsesOf(entry: HttpEntry, components: Components): object {
  const { gateway, action } = requestRefusals(entry);
  const setsCookie =
    entry.kind === undefined &&
    (entry.session === "ends" || Object.values<ValueSchema>(entry.returns.properties).some(({ cookie }) => cookie));
  const success = {
    description: "Done.",
    headers: { "X-Request-Id": header("RequestId"), ...(setsCookie ? { "Set-Cookie": header("SetCookie") } : {}) },
    content: resultContent(entry.returns, components.schemas),
  };
  const byStatus = Map.groupBy(new Set([...gateway, ...action]), (code) => CODES[code][0]);
  const refused = [...byStatus].map(([status, codes]) => {
    const response = refusal(status, codes, entry.session === "renews");
    if (codes.some((code) => action.includes(code))) return [status, response];
    // what only the gateway refuses with is the same for many entries
    const name = codes.join(".");
    components.responses[name] ??= response;
    return [status, { $ref: `#/components/responses/${name}` }];
  });
  return { 200: success, ...Object.fromEntries(refused) };
}

function refusal(status: number, codes: readonly Code[], takesCookie: boolean): object {
  return {
    description: codes.map((code) => `${code}: ${CODES[code][1]}`).join(" "),
    headers: {
      "X-Request-Id": header("RequestId"),
      ...(status === 401 ? { "WWW-Authenticate": header("Authenticate") } : {}),
      ...(status === 401 && takesCookie ? { "Set-Cookie": header("SetCookie") } : {}),
      ...(status === 429 || status === 503 ? { "Retry-After": header("RetryAfter") } : {}),
    },
    content: json({
      allOf: [
        { $ref: "#/components/schemas/Error" },
        { properties: { error: { properties: { code: { enum: codes } } } } },
      ],
    }),
  };
}
