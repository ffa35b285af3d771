import { pathPattern, servicesInOrder } from "./services.ts";
import type { Site, SiteService } from "./site.ts";

/**
 * How cloudflared talks to an origin; durations are whole seconds
 * (https://developers.cloudflare.com/cloudflare-one/networks/connectors/cloudflare-tunnel/configure-tunnels/origin-parameters/).
 */
interface OriginParameters {
  readonly connectTimeout: number;
  readonly tcpKeepAlive: number;
  readonly keepAliveConnections: number;
  readonly keepAliveTimeout: number;
  readonly caPool?: string;
  readonly originServerName?: string;
  readonly http2Origin?: boolean;
}

/** One rule of the tunnel's configuration, in the API's words. */
export interface SiteIngressRule {
  readonly hostname?: string;
  /** Go regular expression for the decoded path. */
  readonly path?: string;
  readonly service: string;
  readonly originRequest?: OriginParameters;
}

/**
 * The gateway is on the same machine: what cannot be connected to within 5 s is down. 1024 idle connections absorb
 * bursts. Node must keep idle connections for longer than 90 s, else a request can meet a connection that is just being
 * closed.
 */
const TO_GATEWAY: OriginParameters = {
  connectTimeout: 5,
  tcpKeepAlive: 30,
  keepAliveConnections: 1024,
  keepAliveTimeout: 90,
};

/** A service may be on another machine. The values are cloudflared's defaults (ingress/config.go). */
const TO_SERVICE: OriginParameters = {
  connectTimeout: 30,
  tcpKeepAlive: 30,
  keepAliveConnections: 100,
  keepAliveTimeout: 90,
};

/**
 * Services to their origins and hostnames to the gateway; cloudflared responds with 404 to anything else that reaches
 * the tunnel. The first rule that matches takes a request, so services come first, and the longest path of all.
 */
export const ingress = ({
  hostnames,
  services = [],
  origin,
}: Pick<Site, "hostnames" | "services" | "origin">): readonly SiteIngressRule[] => [
  ...servicesInOrder(services).map(serviceRule),
  ...hostnames.map((hostname) => ({ hostname, service: origin, originRequest: TO_GATEWAY })),
  { service: "http_status:404" },
];

const serviceRule = ({ hostname, path, origin, ...tls }: SiteService): SiteIngressRule => ({
  hostname,
  ...(path !== undefined && { path: pathPattern(path) }),
  service: origin,
  originRequest: { ...TO_SERVICE, ...tls },
});
