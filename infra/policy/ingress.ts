import type { Site } from "./site.ts";

/**
 * How cloudflared talks to the origin; durations are whole seconds (cloudflare-one/connections/.../origin-parameters).
 */
interface OriginParameters {
  readonly connectTimeout: number;
  readonly tcpKeepAlive: number;
  readonly keepAliveConnections: number;
  readonly keepAliveTimeout: number;
}

/** One rule of the tunnel's configuration, in the API's words. */
export interface SiteIngressRule {
  readonly hostname?: string;
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

/** Hostnames to the gateway; cloudflared responds with 404 to anything else that reaches the tunnel. */
export const ingress = (site: Pick<Site, "hostnames" | "origin">): readonly SiteIngressRule[] => [
  ...site.hostnames.map((hostname) => ({ hostname, service: site.origin, originRequest: TO_GATEWAY })),
  { service: "http_status:404" },
];
