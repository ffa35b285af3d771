/**
 * What a tunnel's remote configuration may hold. The rules are cloudflared's own, so that nothing is stored here that a
 * connector would refuse
 * (https://developers.cloudflare.com/cloudflare-one/networks/connectors/cloudflare-tunnel/do-more-with-tunnels/local-management/configuration-file/).
 */
import { invalid } from "../errors.ts";
import { flag, integer, list, object, text } from "../shape.ts";
import type { StoredIngressRule, TunnelConfig } from "../state.ts";

const seconds = integer(0, 86_400);

/** Durations are whole seconds. */
const originRequest = object({
  access: object({ required: flag, "teamName*": text(), "audTag*": list(text(), 100) }),
  caPool: text(),
  connectTimeout: seconds,
  disableChunkedEncoding: flag,
  http2Origin: flag,
  httpHostHeader: text(),
  keepAliveConnections: integer(0, 1_000_000),
  keepAliveTimeout: seconds,
  matchSNItoHost: flag,
  noHappyEyeballs: flag,
  noTLSVerify: flag,
  originServerName: text(),
  proxyType: text(),
  tcpKeepAlive: seconds,
  tlsTimeout: seconds,
});

/** The body of `PUT …/configurations`. */
export const configurationShape = object({
  "config*": object({
    ingress: list(
      object({
        hostname: text({ max: 253 }),
        path: text({ max: 4096 }),
        "service*": text({ min: 1, max: 4096 }),
        originRequest,
      }),
      1000,
    ),
    originRequest,
    "warp-routing": object({ enabled: flag }),
  }),
  source: text(),
});

/** The API's code of a configuration that does not validate; its words vary. */
export const BAD_CONFIGURATION = 1056;

const schemes = ["http:", "https:", "ws:", "wss:", "tcp:", "ssh:", "rdp:", "smb:"];

/** @throws 400 code 1056 where a connector would not start with the configuration */
export function assertRunnable(config: TunnelConfig): void {
  const rules = config.ingress ?? [];
  for (const [index, rule] of rules.entries()) {
    const problem = problemOf(rule, index === rules.length - 1);
    if (problem) throw invalid(BAD_CONFIGURATION, `Bad Configuration: ${problem}`, `/config/ingress/${index}`);
  }
}

function problemOf(rule: StoredIngressRule, last: boolean): string | undefined {
  const { hostname = "", path = "" } = rule;
  const everything = (hostname === "" || hostname === "*") && path === "";
  if (last && !everything)
    return "The last ingress rule must match all URLs (i.e. it should not have a hostname or path filter)";
  if (!last && everything) return "An ingress rule that matches all URLs must be the last one";
  if (hostname.includes(":")) return "Hostname cannot contain a port";
  if (hostname.lastIndexOf("*") > 0 || (hostname.startsWith("*") && hostname !== "*" && !hostname.startsWith("*."))) {
    return "Hostname patterns can have at most one wildcard character, and it must be the first label";
  }
  return serviceProblem(rule.service);
}

function serviceProblem(service: string): string | undefined {
  if (service === "hello_world" || service === "bastion") return undefined;
  if (/^http_status:/.test(service)) {
    return /^http_status:[1-5]\d\d$/.test(service) ? undefined : `${service} has no valid HTTP status code`;
  }
  if (/^unix(\+tls)?:\/?./.test(service)) return undefined;
  const url = URL.parse(service);
  if (!url || !schemes.includes(url.protocol) || url.host === "") {
    return `${service} is an invalid address, please make sure it has a scheme and a hostname`;
  }
  return url.pathname.length > 1
    ? `${service} is an invalid address, ingress rules don't support proxying to a different path on the origin service`
    : undefined;
}
