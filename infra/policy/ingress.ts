import { requireAssertions } from "./access.ts";
import type { OriginParameters, SiteIngressRule } from "./ingress-rule.ts";
import { pathPattern, servicesInOrder } from "./services.ts";
import type { Site, SiteService } from "./site.ts";

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
  access,
}: Pick<Site, "hostnames" | "services" | "origin" | "access">): readonly SiteIngressRule[] => [
  ...requireAssertions(
    [
      ...servicesInOrder(services).map((service) => ({ ...service, rule: serviceRule(service) })),
      ...hostnames.map((hostname) => ({
        hostname,
        rule: { hostname, service: origin, originRequest: TO_GATEWAY },
      })),
    ],
    { ...(access && { access }) },
  ),
  { service: "http_status:404" },
];

const serviceRule = ({ hostname, path, origin, ...tls }: SiteService): SiteIngressRule => ({
  hostname,
  ...(path !== undefined && { path: pathPattern(path) }),
  service: origin,
  originRequest: { ...TO_SERVICE, ...tls },
});
