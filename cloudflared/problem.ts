/** A problem because of which a connector cannot serve; the message has what happened and what to do. */
export class ConnectorProblem extends Error {
  override readonly name = "ConnectorProblem";
  readonly code: ConnectorProblemCode;

  constructor(code: ConnectorProblemCode, message: string) {
    super(message);
    this.code = code;
  }
}

/** The kind of a ConnectorProblem. */
export type ConnectorProblemCode =
  /** No token was given, or more than one. */
  | "NO_TOKEN"
  /** The token's file cannot be read, or others can read it. */
  | "TOKEN_FILE"
  /** The given value is not a tunnel token. */
  | "BAD_TOKEN"
  /** No cloudflared was found, and there is no local edge that our own connector could serve. */
  | "NOT_INSTALLED"
  /** The cloudflared found is too old, or does not run. */
  | "BAD_BINARY"
  /** The edge does not accept the token. */
  | "UNAUTHORIZED"
  /** The edge cannot be reached from here. */
  | "EDGE_UNREACHABLE"
  /** The edge's certificate is not one that is trusted here. */
  | "EDGE_UNTRUSTED"
  /** The port for `/ready` and `/metrics` is taken. */
  | "METRICS_PORT"
  /** It did not become ready in time, and its output does not show why. */
  | "NOT_READY"
  /** It ended by itself. */
  | "ENDED"
  /** It was stopped before it was ready. */
  | "STOPPED";

/** Log lines of cloudflared that name a problem, each with the code and the message that we give for it. */
const KNOWN_PROBLEMS: readonly (readonly [sign: RegExp, code: ConnectorProblemCode, message: string])[] = [
  [
    /Unauthorized|Invalid tunnel secret/i,
    "UNAUTHORIZED",
    "The edge does not accept the tunnel's token: the tunnel was deleted, or its secret was rotated. Get the token " +
      "again and start the connector with it.",
  ],
  [
    /Provided Tunnel token is not valid/i,
    "BAD_TOKEN",
    "cloudflared does not accept this as a tunnel token. Use the one line of base64 that Cloudflare gives, without " +
      "the command around it.",
  ],
  [
    /Error opening metrics server listener|listen tcp \S+: bind: /i,
    "METRICS_PORT",
    "The port for the connector's readiness is taken. Stop what uses it, or choose another with " +
      "TUNNEL_METRICS=127.0.0.1:PORT.",
  ],
  [
    /x509: |certificate signed by unknown authority|tls: failed to verify/i,
    "EDGE_UNTRUSTED",
    "The edge shows a certificate that is not trusted here. For the Cloudflare on localhost, TUNNEL_CACERT must name " +
      "its ca.pem; for Cloudflare's own edge, a proxy may be breaking into the connection.",
  ],
  [
    /Unable to establish connection with Cloudflare edge|Serve tunnel error|failed to dial to edge|edge discovery: /i,
    "EDGE_UNREACHABLE",
    "The edge cannot be reached. For Cloudflare's own edge, outgoing connections to port 7844 (TCP for http2, UDP " +
      "for quic) must be allowed: " +
      "https://developers.cloudflare.com/cloudflare-one/networks/connectors/cloudflare-tunnel/configure-tunnels/" +
      "tunnel-with-firewall/. For the Cloudflare on localhost, is `npm start` running?",
  ],
];

/** The problem that a connector's output shows; undefined where no line is a known one. The latest line counts. */
export function problemIn(lines: readonly string[]): ConnectorProblem | undefined {
  for (const line of lines.toReversed()) {
    // That a request did not reach the origin is not a problem of the connector.
    const found = ORIGIN_DOWN_LINE.test(line) ? undefined : KNOWN_PROBLEMS.find(([sign]) => sign.test(line));
    if (found) return new ConnectorProblem(found[1], found[2]);
  }
  return undefined;
}

const ORIGIN_DOWN_LINE = /Unable to reach the origin service/i;

/** What a line of a running connector's output means for the operator; undefined for most lines. */
export function originHint(line: string): string | undefined {
  if (!ORIGIN_DOWN_LINE.test(line)) return undefined;
  return (
    "The tunnel is up, but the service behind it does not respond: is the backend running on the address that the " +
    "tunnel's ingress names?"
  );
}

/** Passes the output of a running connector on to `log`, and adds once what it means for the operator. */
export function withOriginHint(log: (line: string) => void): (line: string) => void {
  let isHintGiven = false;
  return (line) => {
    log(line);
    const hint = isHintGiven ? undefined : originHint(line);
    if (hint === undefined) return;
    log(hint);
    isHintGiven = true;
  };
}
