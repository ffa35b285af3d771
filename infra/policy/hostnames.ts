import { MAX_EXPRESSION_LENGTH } from "../rules/index.ts";
import { and, type ExpressionText, oneOf, or, startsWith } from "./expression.ts";
import type { Site } from "./site.ts";

/** `http.host` as received may hold capitals, which the field keeps. */
export const HOST = "lower(http.host)";

/**
 * The guard of every rule: the request is for one of the site's hostnames. A zone may carry other sites, and nothing
 * here may touch them. A `Host` with a port is the same site: cloudflared strips the port before it picks the ingress
 * rule, so a guard without this case could be stepped around with `Host: chat.example.com:1`. Nor does the guard rely
 * on others for a dot at the end, which names the same host (RFC 1034 3.1): cloudflared answers 404 to it today.
 */
export function onHostnames({ hostnames }: Pick<Site, "hostnames">): ExpressionText {
  const spellings = hostnames.flatMap((hostname) => [hostname, `${hostname}.`]);
  return or(oneOf(HOST, spellings), ...spellings.map((spelling) => startsWith(HOST, `${spelling}:`)));
}

/** Characters that the guard leaves to a rule's own condition. */
export const roomBesideGuard = (site: Pick<Site, "hostnames">): number =>
  MAX_EXPRESSION_LENGTH - and(onHostnames(site), "").length;
