import type { IncomingMessage } from "node:http";
import { type RequestFacts, type Verdict, type Visitor, withVisitor } from "../../rules/index.ts";
import type { AccessImitation } from "../access/index.ts";
import type { Zone } from "../api/state.ts";
import { accessRequestOf, formOf, respondWith } from "./access-hook.ts";
import type { Deployments } from "./deployments.ts";
import { type HostRoute, resolve } from "./dns.ts";
import { type HeaderLines, linesOf, valuesOf } from "./headers.ts";
import { maxBodyBytesOf } from "./limits.ts";
import { localVisitor, takeLocalVisitor, trustsLocalVisitor } from "./local-visitor.ts";
import type { EdgeOptions } from "./options.ts";
import { type EdgePage, type PageName, page, pageCode, statusPage } from "./pages.ts";
import type { ArrivedRequest, LocalResponse, RequestDecision, RequestSummary } from "./request-decision.ts";
import { hostOf, type RequestTarget, readTarget } from "./target.ts";

/** Pages for visitors who reach the edge with a wrong hostname: they name the site's own. */
const NAMES_SITE: ReadonlySet<PageName> = new Set(["unknownHost", "addressAsHost"]);

/** What of the edge's options a decision depends on. */
type DecisionOptions = Pick<EdgeOptions, "cloud" | "maxBodyBytes" | "visitor" | "siteUrl">;

/** Decides everything that comes before the origin: framing, DNS, rules, Access, body limit. */
export function decideRequest(
  arrival: ArrivedRequest,
  options: DecisionOptions,
  deployments: Deployments,
  access: AccessImitation,
): RequestDecision {
  const { cloud, visitor: defaultVisitor } = options;
  const { request, lines } = arrival;
  const target = readTarget(request, lines);
  if ("status" in target) {
    const { status, message } = target;
    const failure = { code: status, message };
    return { kind: "respond", host: "", path: "", page: statusPage(status, arrival), failure };
  }
  const isTrusted = trustsLocalVisitor(request.socket, target.host, lines);
  const read = localVisitor(isTrusted ? arrival.visitorValues : [], arrival.visitor ?? defaultVisitor);
  const visitor = read.ok ? read.visitor : undefined;
  const seen = {
    host: target.host,
    path: target.uri.split("?", 1)[0] ?? "",
    ...(visitor?.ip !== undefined && { client: visitor.ip }),
  };
  if (!read.ok) {
    const { message } = read;
    const failure = { code: 400, message };
    return { kind: "respond", ...seen, page: page("wrongVisitor", arrival, { text: message }), failure };
  }
  const own = access.endpoint(accessRequestOf(arrival, target, visitor), cloud.zoneOf(target.host)?.accountId);
  if (own) return own.kind === "form" ? formOf(own, seen, arrival) : respondWith(own, seen, arrival);
  return decideForSite({ arrival, target, visitor, seen, options, deployments, access });
}

/** A request whose head is understood, and what decides on it. */
interface SiteRequest {
  readonly arrival: ArrivedRequest;
  readonly target: RequestTarget;
  readonly visitor: Visitor | undefined;
  readonly seen: RequestSummary;
  readonly options: DecisionOptions;
  readonly deployments: Deployments;
  readonly access: AccessImitation;
}

/**
 * Decides in Cloudflare's order: the rules up to rate limits, Access, then the origin
 * (https://developers.cloudflare.com/ruleset-engine/reference/phases-list/).
 */
function decideForSite({ arrival, target, visitor, seen, options, deployments, access }: SiteRequest): RequestDecision {
  const { cloud, maxBodyBytes, siteUrl } = options;
  const fail = (name: PageName, message: string, verdict?: Verdict): LocalResponse => ({
    kind: "respond",
    ...seen,
    page: page(name, arrival, siteUrl === undefined || !NAMES_SITE.has(name) ? {} : { siteUrl }),
    failure: { code: pageCode(name).code, message },
    ...(verdict ? { verdict } : {}),
  });

  const route = resolve(cloud, target.host);
  if (route.kind !== "tunnel" && route.kind !== "elsewhere") return fail(...unknownRoute(route));

  const { zone } = route;
  if (arrival.scheme === "http" && zone.settings.always_use_https === "on") {
    return { kind: "respond", ...seen, page: movedPage(301, `https://${target.host}${target.uri}`, arrival) };
  }
  const engine = deployments.engineOf(zone);
  const sent = factsOf(arrival, target.host, target.uri, zone);
  const facts = visitor ? withVisitor(sent, visitor) : sent;
  if (arrival.trace) Object.assign(arrival.trace, { facts, zone });
  const verdict = engine.handle(facts);
  const decided = decidedPage(verdict, arrival);
  if (decided) return { kind: "respond", ...seen, page: decided, verdict };

  const refuse = (refusal: LocalResponse): LocalResponse => {
    engine.respond(facts, verdict, { status: refusal.page.status, headers: [], fromCache: false, at: arrival.time });
    return refusal;
  };
  const admitted = access.decide(accessRequestOf(arrival, target, visitor), zone);
  if (admitted.kind !== "pass") return refuse({ ...respondWith(admitted, seen, arrival), verdict });

  const largest = maxBodyBytes ?? maxBodyBytesOf(zone);
  const reason = reasonNotToForward(route, arrival.lines, largest);
  if (reason) return refuse(fail(...reason, verdict));
  if (route.kind !== "tunnel") throw new Error("invariant: only tunnels are left");
  const { authority, uri } = target;
  return {
    kind: "forward",
    ...seen,
    zone,
    tunnelId: route.tunnelId,
    authority,
    uri,
    verdict,
    engine,
    facts,
    maxBodyBytes: largest,
    ...(admitted.assertion !== undefined && { assertion: admitted.assertion }),
  };
}

type KnownRoute = Extract<HostRoute, { kind: "tunnel" | "elsewhere" }>;
type PageAndReason = readonly [name: PageName, message: string];

function unknownRoute(route: Exclude<HostRoute, KnownRoute>): PageAndReason {
  switch (route.kind) {
    case "address":
      return ["addressAsHost", "the request names an address instead of a hostname"];
    case "no-zone":
      return ["unknownHost", "no zone of the account has this hostname"];
    case "no-record":
      return ["unknownHost", `zone ${route.zone.name} has no DNS record for this hostname`];
    case "unproxied":
      return ["unknownHost", "the DNS record is not proxied: visitors would not come through Cloudflare"];
  }
}

/** Why a request that the rules let pass does not reach an origin; undefined where it does. `largest` is in bytes. */
function reasonNotToForward(route: KnownRoute, lines: HeaderLines, largest: number): PageAndReason | undefined {
  const length = Number(valuesOf(lines, "content-length")[0] ?? 0);
  if (length > largest) {
    return ["tooLarge", `the body has ${length} bytes; the limit of plan ${route.zone.plan} is ${largest}`];
  }
  if (route.kind === "tunnel") return undefined;
  return ["unreachable", `the record points to ${route.target}; a local edge reaches tunnels only`];
}

/** The rules see the listeners as Cloudflare's ports 443 and 80. */
function factsOf(
  { request, lines, ray, client, time, colo, scheme }: ArrivedRequest,
  host: string,
  uri: string,
  zone: Zone,
): RequestFacts {
  return {
    method: request.method ?? "",
    host,
    uri,
    version: request.httpVersion === "1.0" ? "HTTP/1.0" : "HTTP/1.1",
    scheme,
    headers: lines,
    ip: client,
    at: time,
    colo,
    given: { "cf.ray_id": ray.slice(0, 16), "cf.zone.name": zone.name },
  };
}

/**
 * The response that the rules give, if any. In an undetermined verdict the rules in doubt count as not matched.
 */
function decidedPage({ outcome, by, response }: Verdict, arrival: ArrivedRequest): EdgePage | undefined {
  if (!response) return undefined;
  const retry: EdgePage["headers"] =
    response.retryAfter === undefined ? [] : [["Retry-After", String(response.retryAfter)]];
  const { status, content, location, retryAfter } = response;
  if (location !== undefined) return movedPage(status, location, arrival);
  if (content) {
    const type = content.type === "application/json" ? content.type : `${content.type}; charset=utf-8`;
    return {
      status,
      headers: [["Content-Type", type], ["Cache-Control", "private, no-store"], ...retry],
      body: content.body,
    };
  }
  const challenged = outcome === "challenge" || by?.action.endsWith("challenge") === true;
  if (challenged) return page("challenge", arrival, { headers: [["CF-Mitigated", "challenge"]], retryAfter });
  return page(by?.phase === "http_ratelimit" ? "limited" : "blocked", arrival, { status, retryAfter });
}

/**
 * Leads elsewhere: a redirect of the rules, or the zone's setting `always_use_https`. Cloudflare does not document
 * which is first; users report two redirects where a rule leads to another host, so the setting is taken to come
 * before the rules.
 */
const movedPage = (status: number, location: string, arrival: ArrivedRequest): EdgePage =>
  page("moved", arrival, { status, headers: [["Location", location]] });

/** Reads what every step needs of a request. */
export function arrivalOf(
  request: IncomingMessage,
  seen: Pick<ArrivedRequest, "ray" | "client" | "time" | "colo" | "scheme" | "trace" | "visitor">,
): ArrivedRequest {
  const { lines, values: visitorValues } = takeLocalVisitor(linesOf(request.rawHeaders));
  if (seen.trace) Object.assign(seen.trace, { headers: lines, target: request.url ?? "", scheme: seen.scheme });
  const host = hostOf(valuesOf(lines, "host")[0] ?? "") ?? "";
  return { request, lines, visitorValues, host, accept: valuesOf(lines, "accept").join(","), ...seen };
}
