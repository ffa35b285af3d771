/**
 * How cloudflared talks to an origin; durations are whole seconds
 * (https://developers.cloudflare.com/cloudflare-one/networks/connectors/cloudflare-tunnel/configure-tunnels/origin-parameters/).
 */
export interface OriginParameters {
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
  /** The application of Access whose assertion each request must have; its audience is known once it is made. */
  readonly application?: string;
}
