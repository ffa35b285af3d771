import { protectedHostnames } from "./access.ts";
import { ALWAYS, and, contains, type ExpressionText, not, oneOf, or, startsWith } from "./expression.ts";
import { onHostnames } from "./hostnames.ts";
import { PATH, RAW_PATH } from "./paths.ts";
import type { Site } from "./site.ts";

/**
 * Where people sign in to Access, on each hostname that it protects. Cloudflare responds to these paths. Whether its
 * rules see such a request before is not documented, so they let it pass.
 */
const SIGN_IN_PATH = "/cdn-cgi/access";

/**
 * The guard of rules that bind only what this backend serves: the request is for one of its hostnames, and for no path
 * of a service or of Access.
 */
export function onBackend(site: Pick<Site, "hostnames" | "services" | "access">): ExpressionText {
  const { hostnames, services = [] } = site;
  const paths = [
    ...services.flatMap(({ hostname, path }) => (path === undefined ? [] : [{ hostname, path }])),
    ...protectedHostnames(site).map((hostname) => ({ hostname, path: SIGN_IN_PATH })),
  ];
  const byPath = Map.groupBy(
    paths.filter(({ hostname }) => hostnames.includes(hostname)),
    ({ path }) => path,
  );
  const byHostnames = Map.groupBy(byPath, ([, all]) =>
    all
      .map(({ hostname }) => hostname)
      .sort()
      .join(" "),
  );
  if (byHostnames.size === 0) return onHostnames(hostnames);
  const taken = [...byHostnames].map(([joined, all]) => {
    const names = joined.split(" ");
    const prefixes = all.map(([path]) => path);
    // the guard by hostname is there already
    const onNames = names.length === hostnames.length ? ALWAYS : onHostnames(names);
    return and(onNames, below(PATH, prefixes), below(RAW_PATH, prefixes));
  });
  return and(onHostnames(hostnames), not(and(or(...taken), not(or(...LEADS_ELSEWHERE)))));
}

/** True when the path is one of these, or below one. */
const below = (field: ExpressionText, paths: readonly string[]): ExpressionText =>
  or(oneOf(field, paths), ...paths.map((path) => startsWith(field, `${path}/`)));

/**
 * What in a path as received could lead out of a service's path after it is decoded or cleaned: a segment `..`, with
 * the slash before it or the dots escaped, and a backslash. cloudflared compares the decoded path, and cleans it where
 * path normalization is on; an origin may do either. A request with one of these is taken for the backend's.
 */
const LEADS_ELSEWHERE: readonly ExpressionText[] = ["/..", "\\", "%2f..", "%5c..", "%2e"].map((text) =>
  contains(`lower(${RAW_PATH})`, text),
);
