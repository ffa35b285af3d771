import { protectedHostnames } from "../access.ts";
import { ALWAYS, and, contains, type ExpressionText, or, startsWith } from "../expression.ts";
import { maxConditionLength, onHostnames } from "../hostnames.ts";
import { PATH, RAW_PATH } from "../paths.ts";
import type { Example, PolicyRule, RuleContext } from "../rule.ts";
import { hasPath, siteHostnames } from "../services.ts";
import type { AccessApplication, Site } from "../site.ts";
import { pagePaths } from "../surface.ts";

/**
 * Nothing behind Access is cached, of this backend or of a service. Access decides before the cache does
 * (https://developers.cloudflare.com/ruleset-engine/reference/phases-list/), but the cache does not tell users apart:
 * without this rule a file that one colleague may read is served to another one, and to everyone once the application
 * is removed. Cloudflare caches files by their extension, whatever cookies a request has
 * (https://developers.cloudflare.com/cache/concepts/default-cache-behavior/). Last in the folder: a later cache rule
 * overrides an earlier one.
 */
export const accessNotCached = ({ site, surface }: RuleContext): PolicyRule | undefined => {
  const applications = site.access?.applications ?? [];
  const [first, ...more] = applications.flatMap(filesBelow);
  if (first === undefined) return undefined;
  const maxLength = maxConditionLength(onHostnames(siteHostnames(site)));
  const [exact, ofHostnames] = [behindAccess(applications), onHostnames(protectedHostnames(site))];
  // what does not fit is cached less, never more
  const when = [exact, ofHostnames].find((condition) => condition.length <= maxLength) ?? ALWAYS;
  return {
    ref: "access_not_cached",
    description: "Never cache what is behind Access",
    when,
    action: "set_cache_settings",
    action_parameters: { cache: false },
    services: true,
    examples: {
      match: [first, ...more],
      pass: [
        "GET https://elsewhere.invalid/report.pdf",
        ...(when === exact ? openPages(site, pagePaths(surface)) : []),
      ],
    },
  };
};

/** True for all that an application covers. */
function behindAccess(applications: readonly AccessApplication[]): ExpressionText {
  const whole = applications.flatMap(({ hostname, path }) => (path === undefined ? [hostname] : []));
  const parts = applications.filter(({ hostname }) => !whole.includes(hostname));
  const byHostname = Map.groupBy(parts, ({ hostname }) => hostname);
  return or(
    ...(whole.length > 0 ? [onHostnames(whole)] : []),
    ...[...byHostname].map(([hostname, all]) => and(onHostnames([hostname]), or(...all.map(takesPath), IS_AMBIGUOUS))),
  );
}

/** Takes more than the path, as the rules of the ingress do: any case, and whatever follows it. */
const takesPath = ({ path = "" }: AccessApplication): ExpressionText =>
  startsWith(`lower(${PATH})`, path.toLowerCase());

/** The connector compares the decoded path, perhaps cleaned, and a zone may leave paths as they are sent. */
const IS_AMBIGUOUS = or(...["%", "//", "/.", "\\"].map((text) => contains(RAW_PATH, text)));

const filesBelow = ({ hostname, path = "" }: AccessApplication): Example[] => [
  `GET https://${hostname}${path}/report.pdf`,
  `GET https://${hostname}:8443${path.toUpperCase()}/report.pdf`,
  `GET https://${hostname}${escaped(path)}/report.pdf`,
];

/** The path with its first letter, digit or other character escaped. */
const escaped = (path: string): string =>
  path.replace(/^\/(.)/, (_, first: string) => `/%${first.charCodeAt(0).toString(16)}`);

/** Requests for the page's files where no application covers them. */
const openPages = ({ hostnames, access }: Pick<Site, "hostnames" | "access">, paths: readonly string[]): Example[] =>
  hostnames.flatMap((hostname) =>
    paths
      .filter((path) => !access?.applications.some((one) => one.hostname === hostname && hasPath(one.path ?? "", path)))
      .map((path): Example => `GET https://${hostname}${path}`),
  );
