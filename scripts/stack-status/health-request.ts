import { isObject } from "../../infra/rules/index.ts";
import { type EdgeExchange, type EdgeResponse, requestThroughEdge } from "./edge-request.ts";

/** What a request to `/api/health` showed. */
export type HealthOutcome =
  /** The gateway serves requests. `connector`: the one that carried the request, where the gateway knows it. */
  | { readonly kind: "reached"; readonly connector?: string }
  /** A visitor would have got an error. */
  | { readonly kind: "failed"; readonly reason: string }
  /** A visitor may be served all the same. */
  | { readonly kind: "not known"; readonly reason: string };

export interface HealthExchange extends Pick<EdgeExchange, "certificate"> {
  readonly outcome: HealthOutcome;
}

/**
 * Asks the gateway, through the edge, whether it serves requests, and which of these connectors carried the request.
 */
export async function requestHealth(
  request: Omit<Parameters<typeof requestThroughEdge>[0], "path">,
  connectors: readonly string[],
): Promise<HealthExchange> {
  const query = connectors.length === 0 ? "" : `?connectors=${connectors.map(encodeURIComponent).join(",")}`;
  const exchange = await requestThroughEdge({ ...request, path: `/api/health${query}` });
  const { certificate } = exchange;
  return { outcome: outcomeOf(exchange), ...(certificate !== undefined && { certificate }) };
}

/** Statuses with which the edge or a backend of an older version refuses a path that it does not know. */
const UNKNOWN_PATH = new Set([403, 404]);

export function outcomeOf({ response, failure = "no response" }: EdgeExchange): HealthOutcome {
  if (response === undefined) return { kind: "failed", reason: failure };
  const { status, ray, isChallenge, json } = response;
  if (ray === undefined) return { kind: "failed", reason: "the response did not come through Cloudflare (no CF-Ray)" };
  if (status === 200 && isObject(json) && json.healthy === true) {
    return { kind: "reached", ...(typeof json.connector === "string" && { connector: json.connector }) };
  }
  const shown = `status ${status}${codeOf(response)}`;
  if (isChallenge) return { kind: "not known", reason: `${shown}: the edge challenges this program` };
  if (status === 429) return { kind: "not known", reason: `${shown}: too many requests from this address` };
  if (loginOf(response) !== undefined) {
    return {
      kind: "not known",
      reason: `${shown}: visitors have to sign in at Access, by no application of this stack`,
    };
  }
  if (UNKNOWN_PATH.has(status)) {
    const reason = `${shown} for /api/health: deploy the policy and the backend of this version`;
    return { kind: "not known", reason };
  }
  return { kind: "failed", reason: shown };
}

const LOGIN_HOST = /^[a-z0-9-]+\.cloudflareaccess\.(?:com|localhost)$/;

/**
 * The page of a team where Access lets people sign in, where the response leads there; a Cloudflare on localhost has it
 * under `localhost`. Its `kid` is the audience of the application.
 */
export function loginOf({ location = "" }: Pick<EdgeResponse, "location">): URL | undefined {
  const url = URL.parse(location);
  return url !== null && LOGIN_HOST.test(url.hostname) && url.pathname.startsWith("/cdn-cgi/access/login/")
    ? url
    : undefined;
}

/** The code of an error of Cloudflare's (RFC 9457 with `error_code`) or of the gateway's. */
function codeOf({ json }: EdgeResponse): string {
  if (!isObject(json)) return "";
  const code = isObject(json.error) ? json.error.code : json.error_code;
  return typeof code === "string" || typeof code === "number" ? ` (${code})` : "";
}
