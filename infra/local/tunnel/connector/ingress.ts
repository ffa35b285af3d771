import { domainToASCII } from "node:url";
import { isTeamName } from "../../../../backend/assertions/index.ts";
import type { IngressRule, OriginRequest, TunnelConfiguration } from "../configuration.ts";
import { reasonOf } from "../errors.ts";
import { readCaPool } from "./ca-pool.ts";
import { compilePath } from "./path-pattern.ts";

/** Where a rule sends requests. */
export type OriginService =
  | { readonly kind: "status"; readonly status: number }
  | { readonly kind: "tcp"; readonly tls: boolean; readonly host: string; readonly port: number }
  | { readonly kind: "unix"; readonly tls: boolean; readonly path: string };

/**
 * The origin parameters that this connector heeds; times in milliseconds. Defaults are cloudflared's
 * (ingress/config.go).
 */
export interface OriginSettings {
  readonly connectTimeoutMs: number;
  readonly tlsTimeoutMs: number;
  readonly tcpKeepAliveMs: number;
  readonly keepAliveConnections: number;
  readonly keepAliveTimeoutMs: number;
  readonly httpHostHeader: string | undefined;
  readonly originServerName: string | undefined;
  /** PEM of the authorities that the origin's certificate may be signed by; undefined: those of the system. */
  readonly authorities: readonly string[] | undefined;
  readonly http2Origin: boolean;
  readonly matchSniToHost: boolean;
  readonly noTlsVerify: boolean;
}

/** An assertion of Access that every request of an ingress rule must have. */
export interface RequiredAccess {
  readonly team: string;
  /** Audience tags of applications: the assertion must be for one of them. */
  readonly audiences: readonly string[];
}

/** One ingress rule, ready to use. */
export interface Route {
  matches(host: string, path: string): boolean;
  readonly service: OriginService;
  readonly access: RequiredAccess | undefined;
  readonly settings: OriginSettings;
}

/** A rule that this connector cannot serve. */
class IngressError extends Error {}

/**
 * Compiles a configuration by cloudflared's rules (ingress/ingress.go). A configuration with a part that this connector
 * cannot do is refused as a whole: a rule that is half understood might pass requests that it should stop.
 */
export function compileIngress(
  config: TunnelConfiguration,
): { ok: true; routes: Route[] } | { ok: false; message: string } {
  const rules = config.ingress ?? [];
  if (!Array.isArray(rules)) return { ok: false, message: "ingress is not a list" };
  if (config.originRequest?.access) {
    return {
      ok: false,
      message: "access in the global originRequest protects nothing in cloudflared: set it in each rule",
    };
  }
  try {
    const routes = rules.map((rule: IngressRule, index) =>
      compileRule(rule, config.originRequest, index, rules.length),
    );
    // cloudflared responds with 503 as long as there is no rule.
    const none: Route = {
      matches: () => true,
      service: { kind: "status", status: 503 },
      access: undefined,
      settings: settingsOf({}),
    };
    return { ok: true, routes: routes.length > 0 ? routes : [none] };
  } catch (error) {
    if (!(error instanceof IngressError)) throw error;
    return { ok: false, message: error.message };
  }
}

/**
 * The route for a request: `host` as in the Host header, `path` decoded and without the query. The last route takes the
 * rest.
 */
export function findRoute<R extends Route>(routes: readonly R[], host: string, path: string): R | undefined {
  const name = host.replace(/:\d+$/, "");
  return routes.find((route) => route.matches(name, path));
}

function compileRule(rule: unknown, defaults: OriginRequest | undefined, index: number, count: number): Route {
  const where = `ingress rule ${index + 1}`;
  if (typeof rule !== "object" || rule === null) throw new IngressError(`${where} is not an object`);
  const { hostname, path, service, originRequest } = rule as Record<string, unknown>;
  const name = textOf(hostname, `${where}: hostname`);
  const pattern = textOf(path, `${where}: path`);
  const everyHost = name === "" || name === "*";
  if (name.includes(":")) throw new IngressError(`${where}: hostname "${name}" has a port`);
  if (name.lastIndexOf("*") > 0 || (name.startsWith("*") && name !== "*" && !name.startsWith("*."))) {
    throw new IngressError(`${where}: hostname "${name}": a wildcard is "*." and a suffix`);
  }
  const catchAll = everyHost && pattern === "";
  if (index === count - 1 && !catchAll) throw new IngressError("the last ingress rule must match every request");
  if (index < count - 1 && catchAll)
    throw new IngressError(`${where} matches every request; those after it are never used`);
  const compiled = pattern === "" ? undefined : compilePath(pattern);
  if (compiled && !compiled.ok) throw new IngressError(`${where}: ${compiled.message}`);
  const names = new Set([name, domainToASCII(name)]);
  const parsed = serviceOf(textOf(service, `${where}: service`), where);
  const own = objectOf(originRequest, `${where}: originRequest`);
  return {
    matches: (host, requestPath) =>
      (everyHost || [...names].some((known) => matchesHost(known, host))) && (compiled?.matches(requestPath) ?? true),
    service: parsed,
    access: accessOf(own.access, where),
    settings: settingsOf({ ...objectOf(defaults, "originRequest"), ...own }),
  };
}

function matchesHost(name: string, host: string): boolean {
  return name === host || (name.startsWith("*.") && host.endsWith(name.slice(1)));
}

function serviceOf(service: string, where: string): OriginService {
  const status = /^http_status:(\d{3})$/.exec(service);
  if (status) {
    const code = Number(status[1]);
    if (code < 200) throw new IngressError(`${where}: http_status:${code} is no final status`);
    return { kind: "status", status: code };
  }
  const socket = /^unix(\+tls)?:(.+)$/.exec(service);
  if (socket?.[2]) return { kind: "unix", tls: socket[1] !== undefined, path: socket[2] };
  const scheme = /^(http|https|ws|wss):\/\//.exec(service)?.[1];
  if (scheme === undefined || !URL.canParse(service)) {
    throw new IngressError(
      `${where}: service "${service}" is not one that the connector in use can reach; it takes http, https, ws, wss, ` +
        "unix, unix+tls and http_status",
    );
  }
  const tls = scheme === "https" || scheme === "wss";
  const url = new URL(service);
  if (
    url.pathname !== "/" ||
    service.replace(/^\w+:\/\//, "").includes("/") ||
    url.search !== "" ||
    url.username !== ""
  ) {
    throw new IngressError(`${where}: service "${service}" has more than a scheme, a host and a port`);
  }
  const host = url.hostname.replace(/^\[(.*)\]$/, "$1");
  return { kind: "tcp", tls, host, port: Number(url.port) || (tls ? 443 : 80) };
}

/** Parameters that change what reaches the origin in ways this connector cannot follow. */
const UNSUPPORTED = ["bastionMode", "disableChunkedEncoding", "proxyAddress", "proxyType"] as const;

function settingsOf(request: Record<string, unknown>): OriginSettings {
  for (const key of UNSUPPORTED) {
    const value = request[key];
    if (value !== undefined && value !== null && value !== false && value !== "") {
      throw new IngressError(
        `originRequest.${key} is not supported by the connector in use; the real cloudflared does`,
      );
    }
  }
  return {
    connectTimeoutMs: millisecondsOf(request, "connectTimeout", 30),
    tlsTimeoutMs: millisecondsOf(request, "tlsTimeout", 10),
    tcpKeepAliveMs: millisecondsOf(request, "tcpKeepAlive", 30),
    keepAliveConnections: numberOf(request, "keepAliveConnections", 100),
    keepAliveTimeoutMs: millisecondsOf(request, "keepAliveTimeout", 90),
    httpHostHeader: textOf(request.httpHostHeader, "originRequest.httpHostHeader") || undefined,
    originServerName: textOf(request.originServerName, "originRequest.originServerName") || undefined,
    authorities: authoritiesOf(textOf(request.caPool, "originRequest.caPool")),
    http2Origin: request.http2Origin === true,
    matchSniToHost: request.matchSNItoHost === true,
    noTlsVerify: request.noTLSVerify === true,
  };
}

/**
 * What a rule requires of Access. Only its own `access` counts: cloudflared heeds none in the global `originRequest`
 * (ingress/ingress.go, validateIngress). A team that cannot have certificates is refused: no request could pass.
 */
function accessOf(value: unknown, where: string): RequiredAccess | undefined {
  const { required, teamName, audTag, environment } = objectOf(value, `${where}: originRequest.access`);
  if (required === undefined || required === null || required === false) return undefined;
  if (required !== true) throw new IngressError(`${where}: access.required is neither true nor false`);
  const team = textOf(teamName, `${where}: access.teamName`);
  if (!isTeamName(team)) throw new IngressError(`${where}: access.teamName "${team}" is no team's name`);
  if (environment !== undefined && environment !== "") {
    throw new IngressError(`${where}: access.environment is not supported by the connector in use`);
  }
  const audiences = audTag ?? [];
  if (!Array.isArray(audiences) || audiences.some((audience) => typeof audience !== "string")) {
    throw new IngressError(`${where}: access.audTag is not a list of texts`);
  }
  return { team, audiences };
}

function authoritiesOf(file: string): readonly string[] | undefined {
  if (file === "") return undefined;
  try {
    return readCaPool(file);
  } catch (error) {
    throw new IngressError(reasonOf(error));
  }
}

function textOf(value: unknown, what: string): string {
  if (value === undefined || value === null) return "";
  if (typeof value !== "string") throw new IngressError(`${what} is not a text`);
  return value;
}

function objectOf(value: unknown, what: string): Record<string, unknown> {
  if (value === undefined || value === null) return {};
  if (typeof value !== "object" || Array.isArray(value)) throw new IngressError(`${what} is not an object`);
  return value as Record<string, unknown>;
}

function numberOf(request: Record<string, unknown>, key: string, otherwise: number): number {
  const value = request[key] ?? otherwise;
  if (typeof value !== "number" || !Number.isFinite(value) || value < 0) {
    throw new IngressError(`originRequest.${key} is not a number of at least 0`);
  }
  return value;
}

/** Durations are seconds on the wire; a timer holds no more than 2^31 milliseconds. */
function millisecondsOf(request: Record<string, unknown>, key: string, otherwise: number): number {
  return Math.min(numberOf(request, key, otherwise) * 1000, 0x7fffffff);
}
