/**
 * A tunnel's remote configuration as Cloudflare's API holds it and the edge pushes it to connectors. Durations are
 * seconds:
 * https://developers.cloudflare.com/cloudflare-one/networks/connectors/cloudflare-tunnel/configure-tunnels/origin-parameters/.
 */
export interface TunnelConfiguration {
  readonly ingress?: readonly IngressRule[];
  readonly originRequest?: OriginRequest;
  readonly "warp-routing"?: Readonly<Record<string, unknown>>;
}

/** The first rule whose hostname and path match takes the request; the last one takes the rest. */
export interface IngressRule {
  /** Exact, or `*.` and a suffix; absent, empty or `*` is every hostname. */
  readonly hostname?: string;
  /** Go regular expression, unanchored. */
  readonly path?: string;
  /**
   * `http://host:port`, `https://...`, `ws://...`, `wss://...`, `unix:/path`, `unix+tls:/path` or `http_status:404`.
   */
  readonly service: string;
  readonly originRequest?: OriginRequest;
}

/** Parameters of the connection to an origin, by Cloudflare's names. */
export type OriginRequest = Readonly<Record<string, unknown>>;

/** A configuration with the version that decides whether a connector takes it. */
export interface VersionedConfiguration {
  readonly version: number;
  readonly config: TunnelConfiguration;
}

/** A connector ignores a version that is not above its current one (cloudflared, orchestration/orchestrator.go). */
export interface ConfigurationResponse {
  readonly lastAppliedVersion: number;
  /** Why the configuration was not applied; cloudflared sends an empty object. */
  readonly err: unknown;
}

/** The body of an `update-configuration` request. */
export function encodeUpdate({ version, config }: VersionedConfiguration): string {
  return JSON.stringify({ version, config });
}

/** Reads a connector's response to an update; undefined where it is not valid. */
export function decodeConfigurationResponse(body: string): ConfigurationResponse | undefined {
  try {
    const response: unknown = JSON.parse(body);
    if (typeof response !== "object" || response === null || !("lastAppliedVersion" in response)) return undefined;
    const { lastAppliedVersion } = response;
    if (typeof lastAppliedVersion !== "number") return undefined;
    return { lastAppliedVersion, err: "err" in response ? response.err : null };
  } catch {
    return undefined;
  }
}
