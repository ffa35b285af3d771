/** What the requests through the edge show: connectors, the gateway, certificates. */
import type { ConnectedClient } from "../cloudflare-account/tunnel.ts";
import { counted, duration, type StatusCheck } from "./check.ts";
import type { EdgeExchange, ServedCertificate } from "./edge-request.ts";
import { outcomeOf } from "./health-request.ts";
import type { ReachedConnectors } from "./reach-connectors.ts";

/** One check for each connector. Where there is none, the tunnel's own check says so. */
export function connectorChecks(
  connectors: readonly ConnectedClient[],
  requests: ReachedConnectors,
  now: number,
): readonly StatusCheck[] {
  return connectors.map((connector): StatusCheck => {
    const carried = requests.byConnector.get(connector.id) ?? 0;
    const facts = connectorFacts(connector, now);
    const check = { name: "connector", subject: connector.id } as const;
    if (carried > 0) return { ...check, state: "well", message: `${facts}; carried ${counted(carried, "request")}` };
    const sent = counted(requests.sent, "request");
    if (requests.reached === 0) {
      return { ...check, state: "not known", message: `${facts}; none of ${sent} was served by the gateway` };
    }
    if (requests.failures.size > 0) {
      return {
        ...check,
        state: "wrong",
        message: `${facts}; carried none of ${sent}, and some failed: it may be half-dead. Restart it`,
      };
    }
    if (requests.byConnector.size === 0) {
      const fix = "where the connector is on another machine, set TRUSTED_PEERS at the backend";
      return {
        ...check,
        state: "not known",
        message: `${facts}; the gateway does not see who carried a request: ${fix}`,
      };
    }
    const why = "Cloudflare chooses the connector, most often the nearest one";
    return { ...check, state: "not known", message: `${facts}; carried none of ${sent}: ${why}` };
  });
}

/** Connectors that no request of this program can reach. */
export const unaskedConnectors = (connectors: readonly ConnectedClient[], now: number): readonly StatusCheck[] =>
  connectors.map((connector) => ({
    name: "connector",
    subject: connector.id,
    state: "not known",
    message: `${connectorFacts(connector, now)}; not asked: every hostname of the gateway is behind Access`,
  }));

function connectorFacts({ version, addresses, startedAt, connections, dataCentres }: ConnectedClient, now: number) {
  const started = Date.parse(startedAt);
  return [
    version === "" ? "version not shown" : `version ${version}`,
    Number.isNaN(started) ? "age not shown" : `runs for ${duration(now - started)}`,
    `at ${addresses.join(", ") || "an unknown address"}`,
    `${counted(connections, "connection")}${dataCentres.length === 0 ? "" : ` to ${dataCentres.join(", ")}`}`,
  ].join(", ");
}

export function requestsCheck(hostname: string, requests: ReachedConnectors): StatusCheck {
  const { sent, reached, failures, unknown } = requests;
  const check = { name: "requests", subject: hostname } as const;
  const counts = `${counted(sent, "request")} through the edge, ${reached} served by the gateway`;
  if (failures.size > 0) {
    const reasons = [...failures].map(([reason, times]) => `${times} failed: ${reason}`);
    return { ...check, state: "wrong", message: [counts, ...reasons].join("; ") };
  }
  return unknown === undefined
    ? { ...check, state: "well", message: counts }
    : { ...check, state: "not known", message: `${counts}; ${unknown}` };
}

/** One request to a service of the stack: whether it responds. What it serves at the path is not known here. */
export function serviceCheck(service: string, exchange: EdgeExchange): StatusCheck {
  const check = { name: "service", subject: service } as const;
  const { ray, status = 0, isChallenge = false } = exchange.response ?? {};
  const outcome = outcomeOf(exchange);
  const reason = outcome.kind === "reached" ? "" : outcome.reason;
  if (ray === undefined || status >= 500) return { ...check, state: "wrong", message: reason };
  if (isChallenge || status === 429) return { ...check, state: "not known", message: reason };
  return { ...check, state: "well", message: `status ${status} through the edge` };
}

/**
 * Days. A certificate with less than that was not renewed in time: Cloudflare's tries begin three days before the end
 * of one of two weeks, and earlier for others
 * (https://developers.cloudflare.com/ssl/reference/certificate-validity-periods/).
 */
const MIN_DAYS_LEFT = 2;
const DAY_MS = 86_400_000;

/** The worse one of two that the edge has shown: one that browsers refuse, else the one that ends first. */
export function worseCertificate(one: ServedCertificate | undefined, other: ServedCertificate | undefined) {
  if (one === undefined || other === undefined) return one ?? other;
  if ((one.problem === undefined) !== (other.problem === undefined)) return one.problem === undefined ? other : one;
  return one.validUntil <= other.validUntil || Number.isNaN(one.validUntil) ? one : other;
}

/** Undefined where the edge is reached over plain HTTP, as on a Cloudflare on localhost. */
export function certificateCheck(
  hostname: string,
  certificate: ServedCertificate | undefined,
  { isTls, now }: { readonly isTls: boolean; readonly now: number },
): StatusCheck | undefined {
  if (!isTls) return undefined;
  const check = { name: "certificate", subject: hostname } as const;
  if (certificate === undefined) return { ...check, state: "not known", message: "no TLS connection to the edge" };
  const { validUntil, problem } = certificate;
  const isReadable = !Number.isNaN(validUntil);
  const until = `valid until ${isReadable ? new Date(validUntil).toISOString().slice(0, 10) : "an unreadable date"}`;
  if (problem !== undefined) return { ...check, state: "wrong", message: `browsers refuse it (${problem}); ${until}` };
  if (!isReadable) return { ...check, state: "wrong", message: until };
  if (validUntil - now < MIN_DAYS_LEFT * DAY_MS) {
    return { ...check, state: "wrong", message: `${until}: it was not renewed in time` };
  }
  return { ...check, state: "well", message: `${until} (${duration(validUntil - now)}), covers the hostname` };
}
