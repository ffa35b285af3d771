import { MAX_EXPRESSION_LENGTH } from "../rules/index.ts";
import { and, type ExpressionText, not, oneOf, or, startsWith, wildcard } from "./expression.ts";
import { siteHostnames } from "./services.ts";
import type { Site } from "./site.ts";

const RECEIVED = "http.host";

/** `http.host` as received may hold capitals, which the field keeps. */
const HOST = `lower(${RECEIVED})`;

/**
 * The hostnames that the owner's rules bind: its own, services included, and those of its guests. One of a guest may be
 * a pattern, with a `*` in its first label.
 */
export const boundHostnames = (site: Pick<Site, "hostnames" | "services" | "guests">): readonly string[] => [
  ...siteHostnames(site),
  ...(site.guests ?? []),
];

export const isPattern = (name: string): boolean => name.includes("*");

/** The first label of a name, and the rest with its leading dot. */
const splitLabel = (name: string): readonly [label: string, rest: string] => {
  const dot = name.indexOf(".");
  return dot < 0 ? [name, ""] : [name.slice(0, dot), name.slice(dot)];
};

/** Whether a hostname or a pattern covers a hostname in lower case: the `*` is any part of one label. */
export function covers(name: string, hostname: string): boolean {
  if (!isPattern(name)) return name === hostname;
  const [label, rest] = splitLabel(hostname);
  const [likeLabel, likeRest] = splitLabel(name);
  const [before = "", after = ""] = likeLabel.split("*");
  const isLike = label.length >= before.length + after.length && label.startsWith(before) && label.endsWith(after);
  return rest === likeRest && isLike;
}

/**
 * The guard of every rule: the request is for one of these hostnames. A zone may carry other sites, and nothing here
 * may touch them. A `Host` with a port is the same site: cloudflared strips the port before it picks the ingress rule,
 * so a guard without this case could be bypassed with `Host: chat.example.com:1`. A dot at the end names the same host
 * too (RFC 1034 3.1); cloudflared responds to it with 404 today, but the guard does not rely on that.
 */
export function onHostnames(names: readonly string[]): ExpressionText {
  const spellings = names.filter((name) => !isPattern(name)).flatMap((name) => [name, `${name}.`]);
  return or(
    oneOf(HOST, spellings),
    ...spellings.map((spelling) => startsWith(HOST, `${spelling}:`)),
    ...likePatterns(names, ["", ".", ":*", ".:*"]),
  );
}

/** True when the whole `Host` is one of these hostnames, without a port and without a dot at the end. */
export const isExactly = (names: readonly string[]): ExpressionText =>
  or(
    oneOf(
      HOST,
      names.filter((name) => !isPattern(name)),
    ),
    ...likePatterns(names, [""]),
  );

/**
 * A term for all patterns below one domain; the host may end as `endings` say. The operator `wildcard` ignores case,
 * and its `*` matches dots too: where one more label is there, the host is not what the pattern means. What follows a
 * colon is no label: cloudflared gets a `Host` with any port that a client sends (cloudflared#1490).
 */
function likePatterns(names: readonly string[], endings: readonly string[]): readonly ExpressionText[] {
  const byDomain = Map.groupBy(names.filter(isPattern), (pattern) => splitLabel(pattern)[1]);
  return [...byDomain].map(([domain, patterns]) => {
    const like = patterns.flatMap((pattern) => endings.map((ending) => wildcard(RECEIVED, `${pattern}${ending}`)));
    const hasMoreLabels = wildcard(RECEIVED, `*.*${domain}*`);
    return and(or(...like), or(not(hasMoreLabels), wildcard(RECEIVED, `*:*${domain}*`)));
  });
}

/** Most characters of a rule's own condition: what its guard leaves of the longest expression. */
export const maxConditionLength = (guard: ExpressionText): number => MAX_EXPRESSION_LENGTH - and(guard, "").length;
