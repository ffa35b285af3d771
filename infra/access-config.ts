/** Reads the configuration key `access`: hostnames and paths that only some reach, by Cloudflare Access. */
import { destinationOf, isHostname } from "./config-syntax.ts";
import { accessNames } from "./policy/access.ts";
import { hasPath } from "./policy/services.ts";
import type { AccessApplication, SiteAccess, SiteService } from "./policy/site.ts";
import { isObject } from "./rules/index.ts";
import { isServicePath } from "./service-config.ts";

/** What is wrong with one member of `access`. */
interface AccessProblem {
  /** Path below `access`, e.g. `.applications[0].hostname`; empty for the whole. */
  readonly path: string;
  readonly given: unknown;
  readonly expected: string;
}

type ReportAccessProblem = (problem: AccessProblem) => void;

/** What the applications are beside. */
interface AccessSurroundings {
  /** All hostnames of the stack, those of services too. */
  readonly hostnames: readonly string[];
  readonly services: readonly SiteService[];
  /** The stack, as its marks have it. */
  readonly owner: Parameters<typeof accessNames>[0];
}

const MEMBERS = ["team", "applications", "serviceTokens"];
const APPLICATION_MEMBERS = ["name", "hostname", "path", "emails", "emailDomains", "serviceTokens", "session"];
/** Of the account there may be 500 applications and 50 service tokens (cloudflare-one/account-limits). */
const MAX_APPLICATIONS = 50;
const MAX_TOKENS = 50;
const MAX_SELECTORS = 200;
const MAX_NAME_CHARACTERS = 40;
/** Characters of the name of an application, a policy or a token at Cloudflare. */
const MAX_MARKED_CHARACTERS = 255;
/** Hours: the longest session of Access is a month. */
const MAX_SESSION_HOURS = 730;
/** Hours: 100 years. */
const MAX_TOKEN_HOURS = 876_000;
const DEFAULT_SESSION = "24h";
const DEFAULT_TOKEN_DURATION = "8760h";
const EXAMPLE = "{ team, applications: [{ name, hostname, emails }] }";

/** What only some reach; undefined where it is wrong, of which every problem goes to `report`. */
export function readAccessKey(
  value: unknown,
  beside: AccessSurroundings,
  report: ReportAccessProblem,
): SiteAccess | undefined {
  if (!isObject(value)) {
    report({ path: "", given: value, expected: `an object, as in ${EXAMPLE}` });
    return undefined;
  }
  refuseUnknown(value, MEMBERS, "", report);
  const { team, applications } = value;
  if (typeof team !== "string" || !/^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/.test(team)) {
    report({ path: ".team", given: team, expected: 'the team of Access: "example" of example.cloudflareaccess.com' });
  }
  const tokens = readTokens(value.serviceTokens, report);
  const read = readApplications(applications, Object.keys(tokens), beside, report);
  const used = new Set(read.flatMap(({ serviceTokens }) => serviceTokens));
  for (const name of Object.keys(tokens)) {
    if (used.has(name)) continue;
    report({ path: `.serviceTokens.${name}`, given: name, expected: "a token that an application names" });
  }
  const access = { team: String(team), applications: read, serviceTokens: tokens };
  const long = accessNames(beside.owner, access).find((name) => name.length > MAX_MARKED_CHARACTERS);
  if (long !== undefined) {
    const expected = `names that make at most ${MAX_MARKED_CHARACTERS} characters with project, stack and zone`;
    report({ path: "", given: long, expected });
  }
  return access;
}

function readTokens(value: unknown, report: ReportAccessProblem): SiteAccess["serviceTokens"] {
  if (value === undefined) return {};
  if (!isObject(value) || Object.keys(value).length > MAX_TOKENS) {
    report({ path: ".serviceTokens", given: value, expected: `an object of at most ${MAX_TOKENS} tokens by name` });
    return {};
  }
  return Object.fromEntries(
    Object.entries(value).map(([name, given]) => {
      const path = `.serviceTokens.${name}`;
      checkName(name, path, report);
      if (!isObject(given)) report({ path, given, expected: 'an object, such as { "duration": "8760h" }' });
      else refuseUnknown(given, ["duration"], path, report);
      const { duration = DEFAULT_TOKEN_DURATION } = isObject(given) ? given : {};
      const hours = typeof duration === "string" ? Number(/^(\d{1,6})h$/.exec(duration)?.[1]) : Number.NaN;
      if (duration !== "forever" && !(hours >= 1 && hours <= MAX_TOKEN_HOURS)) {
        report({ path: `${path}.duration`, given: duration, expected: 'hours such as "8760h", or "forever"' });
      }
      return [name, { duration: String(duration) }];
    }),
  );
}

function readApplications(
  value: unknown,
  tokens: readonly string[],
  beside: AccessSurroundings,
  report: ReportAccessProblem,
): readonly AccessApplication[] {
  if (!Array.isArray(value) || value.length === 0 || value.length > MAX_APPLICATIONS) {
    report({ path: ".applications", given: value, expected: `a list of 1 to ${MAX_APPLICATIONS} applications` });
    return [];
  }
  const read = value.flatMap((given, index) => {
    const at: ReportAccessProblem = (problem) => report({ ...problem, path: `.applications[${index}]${problem.path}` });
    if (isObject(given)) return [readApplication(given, tokens, beside, at)];
    at({ path: "", given, expected: "an object with name, hostname and who may reach it" });
    return [];
  });
  // the edge may compare paths without case, and so does the connector
  for (const key of [({ name }: AccessApplication) => name, placeOf]) {
    const places = read.map(key);
    const twice = places.find((place, index) => places.indexOf(place) < index);
    if (twice !== undefined) {
      report({ path: ".applications", given: twice, expected: "each name once, and each hostname and path once" });
    }
  }
  return read;
}

const placeOf = ({ hostname, path = "" }: AccessApplication): string => `${hostname}${path.toLowerCase()}`;

function readApplication(
  given: Readonly<Record<string, unknown>>,
  tokens: readonly string[],
  { hostnames, services }: AccessSurroundings,
  report: ReportAccessProblem,
): AccessApplication {
  refuseUnknown(given, APPLICATION_MEMBERS, "", report);
  const { name, hostname, path, session = DEFAULT_SESSION } = given;
  checkName(name, ".name", report);
  if (typeof hostname !== "string" || !hostnames.includes(hostname)) {
    report({ path: ".hostname", given: hostname, expected: "one of the hostnames of `hostnames` and `services`" });
  }
  if (path !== undefined && !(typeof path === "string" && isServicePath(path))) {
    const expected = 'a path such as "/admin", without a slash at its end; letters, digits, "-", "_", ".", "~" and "/"';
    report({ path: ".path", given: path, expected });
  }
  if (
    typeof path === "string" &&
    sharesOrigin(
      path,
      services.filter((one) => one.hostname === hostname),
    )
  ) {
    const expected =
      "no path, or the whole path of a service whose origin serves no other path of the hostname: an origin may read " +
      "a path differently than the connector. Give what needs Access a service and a hostname of its own";
    report({ path: ".path", given: path, expected });
  }
  const emails = textsOf(given.emails, ".emails", isAddress, "addresses such as ann@example.com", report);
  const emailDomains = textsOf(given.emailDomains, ".emailDomains", isHostname, "domains such as example.com", report);
  const isToken = (text: string) => tokens.includes(text);
  const serviceTokens = textsOf(given.serviceTokens, ".serviceTokens", isToken, "names in `serviceTokens`", report);
  if (emails.length + emailDomains.length + serviceTokens.length === 0) {
    report({ path: "", given: name, expected: "emails, emailDomains or serviceTokens: who may reach it" });
  }
  if (typeof session !== "string" || !isSession(session)) {
    const expected = `minutes or hours such as "30m" or "24h", at most ${MAX_SESSION_HOURS}h`;
    report({ path: ".session", given: session, expected });
  }
  return {
    name: String(name),
    hostname: String(hostname),
    ...(typeof path === "string" && { path }),
    ...{ emails, emailDomains, serviceTokens, session: String(session) },
  };
}

/**
 * Whether the path's origin also serves another path of the hostname. cloudflared compares the cleaned path where path
 * normalization is on, and sends the path as the client wrote it: `/admin/../open` would reach an origin that does not
 * clean it. The gateway's paths are exact, so that a part of them can be protected.
 */
function sharesOrigin(path: string, services: readonly SiteService[]): boolean {
  const lower = path.toLowerCase();
  const own = services.filter((service) => service.path?.toLowerCase() === lower);
  const others = services.filter(({ path: other }) => other === undefined || !hasPath(lower, other.toLowerCase()));
  if (own.length === 0) {
    return others.some(({ path: other }) => other === undefined || hasPath(other.toLowerCase(), lower));
  }
  const destinations = own.map(({ origin }) => destinationOf(origin));
  return others.some(({ origin }) => destinations.includes(destinationOf(origin)));
}

function isSession(text: string): boolean {
  const [, amount, unit] = /^(\d{1,5})([mh])$/.exec(text) ?? [];
  const minutes = Number(amount) * (unit === "h" ? 60 : 1);
  return minutes >= 1 && minutes <= MAX_SESSION_HOURS * 60;
}

const isAddress = (text: string): boolean => {
  const at = text.lastIndexOf("@");
  return (
    at > 0 && /^[^\s@<>"',;\p{Cc}]{1,64}$/u.test(text.slice(0, at)) && isHostname(text.slice(at + 1).toLowerCase())
  );
};

function checkName(name: unknown, path: string, report: ReportAccessProblem): void {
  if (typeof name === "string" && name.length <= MAX_NAME_CHARACTERS && /^[a-z0-9]+(?:-[a-z0-9]+)*$/.test(name)) return;
  const expected = `a name of lower-case letters, digits and hyphens, at most ${MAX_NAME_CHARACTERS} characters`;
  report({ path, given: name, expected });
}

/** Those that are right, sorted: their order means nothing, and a new one is no change of the others. */
function textsOf(
  value: unknown,
  path: string,
  accepts: (text: string) => boolean,
  what: string,
  report: ReportAccessProblem,
): readonly string[] {
  if (value === undefined) return [];
  const expected = `a list of at most ${MAX_SELECTORS} ${what}, each once`;
  const isList = Array.isArray(value) && value.length <= MAX_SELECTORS && new Set(value).size === value.length;
  if (!isList) report({ path, given: value, expected });
  const texts: readonly unknown[] = isList ? value : [];
  const right = texts.filter((text): text is string => typeof text === "string" && accepts(text));
  for (const text of texts) if (!right.some((one) => one === text)) report({ path, given: text, expected });
  return right.toSorted();
}

function refuseUnknown(
  value: Readonly<Record<string, unknown>>,
  members: readonly string[],
  path: string,
  report: ReportAccessProblem,
): void {
  for (const name of Object.keys(value)) {
    if (members.includes(name)) continue;
    const expected = `no such member; there are ${members.join(", ")}`;
    report({ path: `${path}.${name}`, given: value[name], expected });
  }
}
