/** Reads the configuration key `services`: other origins behind the same tunnel. */
import { isHostname, isOrigin, isWithin } from "./config-syntax.ts";
import { hasPath } from "./policy/services.ts";
import type { SiteService } from "./policy/site.ts";
import { isObject } from "./rules/index.ts";

/** What is wrong with one member of `services`. */
interface ServiceProblem {
  /** Path below `services`, e.g. `[0].origin`; empty for the whole. */
  readonly path: string;
  readonly given: unknown;
  readonly expected: string;
}

/** What the services are beside. */
interface ServiceSurroundings {
  /** Undefined where it is not known. */
  readonly zone: string | undefined;
  /** Those that the gateway serves. */
  readonly hostnames: readonly string[];
}

type ReportProblem = (problem: ServiceProblem) => void;

/** Each makes every expression of the zone's rules longer; an expression has at most 4096 characters. */
const MAX_SERVICES = 50;
const MAX_PATH_CHARACTERS = 200;
/**
 * Cloudflare responds to all paths below it
 * (https://developers.cloudflare.com/fundamentals/reference/cdn-cgi-endpoint/).
 */
const CLOUDFLARES = "/cdn-cgi";
/** Bytes of a socket's path on Linux, without the zero at its end (unix(7)). */
const MAX_SOCKET_PATH_BYTES = 107;
const MEMBERS = ["hostname", "path", "origin", "caPool", "originServerName", "http2Origin"];
const EXAMPLE = '[{ "hostname": "status.example.com", "origin": "http://127.0.0.1:3100" }]';
const ORIGINS = "http://host:port, https://host:port or unix:/path/to/socket, without a path of the URL";

/** The services that are right; every problem goes to `report`. */
export function readServices(
  value: unknown,
  beside: ServiceSurroundings,
  report: ReportProblem,
): readonly SiteService[] {
  if (!Array.isArray(value)) {
    report({ path: "", given: value, expected: `a list of services, such as ${EXAMPLE}` });
    return [];
  }
  if (value.length > MAX_SERVICES) {
    report({ path: "", given: value.length, expected: `at most ${MAX_SERVICES} services` });
    return [];
  }
  const places = new Set<string>();
  return value.flatMap((given, index) => {
    const service = readService(given, beside, (problem) => report({ ...problem, path: `[${index}]${problem.path}` }));
    if (service === undefined) return [];
    const place = `${service.hostname}${service.path ?? ""}`;
    if (places.has(place)) report({ path: `[${index}]`, given: place, expected: "each hostname and path once" });
    places.add(place);
    return [service];
  });
}

/** Undefined where it has no valid hostname and origin. */
function readService(given: unknown, beside: ServiceSurroundings, report: ReportProblem): SiteService | undefined {
  if (!isObject(given)) {
    report({ path: "", given, expected: `an object, as in ${EXAMPLE}` });
    return undefined;
  }
  for (const name of Object.keys(given)) {
    if (MEMBERS.includes(name)) continue;
    report({ path: `.${name}`, given: given[name], expected: `no such member; there are ${MEMBERS.join(", ")}` });
  }
  const { hostname, path, origin } = given;
  const knownHostname = readHostname(hostname, path, beside, report);
  const knownPath = readPath(path, report);
  const knownOrigin = typeof origin === "string" && (isOrigin(origin) || isSocket(origin)) ? origin : undefined;
  if (knownOrigin === undefined) report({ path: ".origin", given: origin, expected: ORIGINS });
  const tls = readTls(given, knownOrigin, report);
  if (knownHostname === undefined || knownOrigin === undefined) return undefined;
  return { hostname: knownHostname, ...knownPath, origin: knownOrigin, ...tls };
}

/** One of the gateway's own hostnames needs a path: without one, nothing would be left for the gateway. */
function readHostname(
  hostname: unknown,
  path: unknown,
  { zone, hostnames }: ServiceSurroundings,
  report: ReportProblem,
): string | undefined {
  const reject = (expected: string) => report({ path: ".hostname", given: hostname, expected });
  if (typeof hostname !== "string" || !isHostname(hostname)) {
    reject("a hostname in lower case, without port or wildcard");
    return undefined;
  }
  if (zone !== undefined && !isWithin(hostname, zone)) reject(`a hostname inside the zone ${zone}`);
  if (path === undefined && hostnames.includes(hostname)) {
    reject("a `path` with it, or a hostname that is not in `hostnames`: all of that one is the gateway's");
  }
  return hostname;
}

function readPath(path: unknown, report: ReportProblem): Pick<SiteService, "path"> {
  if (path === undefined) return {};
  if (typeof path === "string" && isServicePath(path)) return { path };
  const expected =
    'a path such as "/grafana", without a slash at its end; letters, digits, "-", "_", ".", "~" and "/"; at most ' +
    `${MAX_PATH_CHARACTERS} characters; none below ${CLOUDFLARES}`;
  report({ path: ".path", given: path, expected });
  return {};
}

/**
 * Whether it is a path that every part on the way of a request reads alike: nothing in it is escaped, decoded or
 * normalized.
 */
export const isServicePath = (path: string): boolean =>
  path.length <= MAX_PATH_CHARACTERS &&
  !hasPath(CLOUDFLARES, path) &&
  /^(?:\/[A-Za-z0-9._~-]+)+$/.test(path) &&
  !path.split("/").some((segment) => /^\.+$/.test(segment));

const isSocket = (origin: string): boolean =>
  /^unix:\/[^\p{Cc}]*[^\p{Cc}/]$/u.test(origin) &&
  Buffer.byteLength(origin.slice("unix:".length)) <= MAX_SOCKET_PATH_BYTES;

/** The options of TLS, which mean something to an origin with https only. */
function readTls(
  given: Readonly<Record<string, unknown>>,
  origin: string | undefined,
  report: ReportProblem,
): Pick<SiteService, "caPool" | "originServerName" | "http2Origin"> {
  const { caPool, originServerName, http2Origin } = given;
  const takesTls = origin === undefined || origin.startsWith("https:");
  const check = (name: string, value: unknown, isRight: boolean, expected: string): boolean => {
    if (value === undefined) return false;
    if (isRight && takesTls) return true;
    const why = "nothing: it is an option of TLS, and the origin is not https";
    report({ path: `.${name}`, given: value, expected: takesTls ? expected : why });
    return false;
  };
  const hasFile = typeof caPool === "string" && /^(?:\/|[A-Za-z]:[\\/])[^\p{Cc}]+$/u.test(caPool);
  const hasName = typeof originServerName === "string" && isServerName(originServerName);
  const takesHttp2 = typeof http2Origin === "boolean";
  return {
    ...(check("caPool", caPool, hasFile, "the absolute path of a PEM file on the connector's machine") &&
      hasFile && { caPool }),
    ...(check("originServerName", originServerName, hasName, "the name that the origin's certificate has") &&
      hasName && { originServerName }),
    ...(check("http2Origin", http2Origin, takesHttp2, "true or false") && takesHttp2 && { http2Origin }),
  };
}

/** A name in a certificate may have one label, unlike a hostname of the zone. */
const isServerName = (text: string): boolean => isHostname(text) || isHostname(`${text}.example`);
