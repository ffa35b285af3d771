import { MAX_EXPRESSION_LENGTH } from "../rules/index.ts";
import { and, type ExpressionText, oneOf, or, startsWith } from "./expression.ts";
import type { Site } from "./site.ts";

/** `http.host` as received may hold capitals, which the field keeps. */
export const HOST = "lower(http.host)";

/**
 * The guard of every rule: the request is for one of the site's hostnames. A zone may carry other sites, and nothing
 * here may touch them. A `Host` with a port is the same site: cloudflared strips the port before it picks the ingress
 * rule, so a guard without this case could be bypassed with `Host: chat.example.com:1`. A dot at the end names the same
 * host too (RFC 1034 3.1); cloudflared responds to it with 404 today, but the guard does not rely on that.
 */
export function onHostnames({ hostnames }: Pick<Site, "hostnames">): ExpressionText {
  const spellings = hostnames.flatMap((hostname) => [hostname, `${hostname}.`]);
  return or(oneOf(HOST, spellings), ...spellings.map((spelling) => startsWith(HOST, `${spelling}:`)));
}

/** Most characters of a rule's own condition: what the guard leaves of the longest expression. */
export const maxConditionLength = (site: Pick<Site, "hostnames">): number =>
  MAX_EXPRESSION_LENGTH - and(onHostnames(site), "").length;
