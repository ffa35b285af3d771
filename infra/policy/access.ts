/** What only some reach (`causeway:access`): names at Cloudflare, and the ingress rules that ask for an assertion. */
import type { SiteIngressRule } from "./ingress-rule.ts";
import { hasPath, quoted } from "./services.ts";
import { type AccessApplication, accountMark, type Site, type SiteAccess } from "./site.ts";

type Owner = Pick<Site, "project" | "stack" | "zone">;

/** The names at Cloudflare, which begin with the mark of ownership. */
export const applicationName = (site: Owner, name: string): string => `${accountMark(site)}: ${name}`;
export const policyName = (site: Owner, name: string, callers: "people" | "services"): string =>
  `${accountMark(site)}: ${name}, ${callers}`;
export const tokenName = (site: Owner, name: string): string => `${accountMark(site)}: token ${name}`;

/** All of these names. */
export const accessNames = (site: Owner, { applications, serviceTokens }: SiteAccess): readonly string[] => [
  ...applications.flatMap(({ name }) => [
    applicationName(site, name),
    policyName(site, name, "people"),
    policyName(site, name, "services"),
  ]),
  ...Object.keys(serviceTokens).map((name) => tokenName(site, name)),
];

/** What an application covers, as the API has it. */
export const destinationOf = ({ hostname, path = "" }: AccessApplication): string => `${hostname}${path}`;

/** Hostnames that have an application, for all of their paths or for some. */
export const protectedHostnames = ({ access }: Pick<Site, "access">): readonly string[] => [
  ...new Set((access?.applications ?? []).map(({ hostname }) => hostname)),
];

/**
 * Names of the applications through which administrators reach the gateway: those of its hostnames on which every path
 * for administrators is covered. The gateway can ask for an assertion there.
 */
export function administratorApplications(
  { hostnames, access }: Pick<Site, "hostnames" | "access">,
  adminPaths: readonly string[],
): readonly string[] {
  const longestFirst = access?.applications.toSorted((one, other) => pathOf(other).length - pathOf(one).length) ?? [];
  const names = hostnames.flatMap((hostname) => {
    const own = longestFirst.filter((application) => application.hostname === hostname);
    const covering = adminPaths.map((path) => own.find((application) => isBelow(path, pathOf(application)))?.name);
    return covering.every((name) => name !== undefined) ? covering : [];
  });
  return [...new Set(names)];
}

/**
 * Adds what Access asks for to the ingress rules. Every rule of a hostname whose application has no path requires its
 * assertion. Before the rules of a hostname whose application has a path come rules for that path, which require it.
 * The applications with the longest paths come first, as at the edge.
 *
 * A path can be spelled so that the edge, the connector and the origin read it differently, and the origin gets it as
 * the client sent it. So the rules for a path take more than the path: any case, and anything but a letter, a digit,
 * a hyphen or an underscore after it. Of such a hostname, paths with a segment of dots, an empty segment, a backslash,
 * a percent sign or a semicolon after decoding get 404: whatever they lead to, it is not reached around the check.
 */
export function requireAssertions(
  routes: readonly OriginRoute[],
  { access }: Pick<Site, "access">,
): readonly SiteIngressRule[] {
  return routes.flatMap((route, index) => {
    const { hostname, path, rule } = route;
    const applications = access?.applications.filter((application) => application.hostname === hostname) ?? [];
    const [whole, ofPaths] = [applications.find(isWhole), applications.filter((one) => !isWhole(one))];
    const longestFirst = ofPaths.toSorted((one, other) => pathOf(other).length - pathOf(one).length);
    const isFirst = routes.findIndex((one) => one.hostname === hostname) === index;
    const own = longestFirst.find((application) => path !== undefined && isBelow(path, pathOf(application))) ?? whole;
    return [
      ...(isFirst && ofPaths.length > 0 ? [{ hostname, path: AMBIGUOUS_PATH, service: "http_status:404" }] : []),
      ...longestFirst
        .filter((application) => application !== own && (path === undefined || isBelow(pathOf(application), path)))
        .map((application) => ({ ...rule, path: guardPattern(pathOf(application)), application: application.name })),
      { ...rule, ...(own !== undefined && { application: own.name }) },
    ];
  });
}

/** A hostname, or a path of it, and the rule that leads its requests to an origin. */
export interface OriginRoute {
  readonly hostname: string;
  /** Absent: all paths that no earlier route has. */
  readonly path?: string;
  readonly rule: SiteIngressRule;
}

const pathOf = ({ path = "" }: AccessApplication): string => path;
const isWhole = ({ path }: AccessApplication): boolean => path === undefined;

/** Whether a path is this one or below it, without case. */
const isBelow = (path: string, above: string): boolean => hasPath(above.toLowerCase(), path.toLowerCase());

/** Go regular expressions for the decoded path (https://pkg.go.dev/regexp/syntax). */
const guardPattern = (path: string): string => `(?i)^${quoted(path)}(?:[^a-z0-9_-]|$)`;
const AMBIGUOUS_PATH = "[\\\\%;]|//|/\\.{1,2}(?:/|$)";
