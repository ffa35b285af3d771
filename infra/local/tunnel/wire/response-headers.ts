/** One header line; values are byte strings, one character per byte. */
export type HeaderLine = readonly [name: string, value: string];

/**
 * Who made a response: the origin (or an `http_status` rule), or the connector because it could not reach the origin.
 */
export type ResponseSource = "origin" | "cloudflared";

/** Holds a response's headers in one text, so that HTTP/2's rules for names and values do not touch them (cloudflared,
 * connection/header.go). */
export const RESPONSE_HEADERS = "cf-cloudflared-response-headers";
/** The header with the maker of a response, as JSON: `{"src":"origin"}`. */
export const RESPONSE_META = "cf-cloudflared-response-meta";
/**
 * The header with a stream's kind, where it is no plain request: `control-stream`, `websocket`, `update-configuration`.
 */
export const UPGRADE = "cf-cloudflared-proxy-connection-upgrade";

const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
const VALUE = /^[\t\x20-\x7e\x80-\xff]*$/;
const BASE64 = /^[A-Za-z0-9+/]*$/;

/**
 * Headers of one hop, which neither end passes on (RFC 9110 7.6.1); `upgrade` and `connection` come back for a
 * WebSocket.
 */
const HOP_BY_HOP = new Set([
  "connection",
  "http2-settings",
  "keep-alive",
  "proxy-connection",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
]);

/**
 * Whether a header belongs to the connection or to the tunnel itself and must not be passed on from one side to the
 * other. A visitor who could send `cf-cloudflared-proxy-connection-upgrade` would reconfigure the connector.
 */
export function belongsToTunnel(name: string): boolean {
  const lower = name.toLowerCase();
  return HOP_BY_HOP.has(lower) || isControlHeader(lower);
}

/** Whether a header of a response is the tunnel's own (connection/header.go, IsControlResponseHeader). */
export function isControlHeader(lower: string): boolean {
  return (
    lower.startsWith(":") ||
    lower.startsWith("cf-int-") ||
    lower.startsWith("cf-cloudflared-") ||
    lower.startsWith("cf-proxy-")
  );
}

/** Whether a header line can be sent unchanged (RFC 9110 5.1, 5.5). */
export function isHeaderLine([name, value]: HeaderLine): boolean {
  return TOKEN.test(name) && VALUE.test(value);
}

/** `base64(name):base64(value);...` without padding. */
export function encodeHeaders(headers: Iterable<HeaderLine>): string {
  const pairs: string[] = [];
  for (const [name, value] of headers) pairs.push(`${base64(name)}:${base64(value)}`);
  return pairs.join(";");
}

/** Reads `encodeHeaders`; undefined where the text is malformed or holds what is no header line. */
export function decodeHeaders(text: string): HeaderLine[] | undefined {
  const headers: HeaderLine[] = [];
  for (const pair of text.split(";")) {
    if (pair === "") continue;
    const colon = pair.indexOf(":");
    const name = pair.slice(0, colon);
    const value = pair.slice(colon + 1);
    if (colon < 1 || !BASE64.test(name) || !BASE64.test(value)) return undefined;
    const line: HeaderLine = [plain(name), plain(value)];
    if (!isHeaderLine(line)) return undefined;
    headers.push(line);
  }
  return headers;
}

/** The meta header that names the source of a response. */
export function encodeMeta(source: ResponseSource): string {
  return `{"src":"${source}"}`;
}

/** Reads the meta header; a response without one did not come from the origin. */
export function decodeMeta(text: string | undefined): ResponseSource {
  if (text === undefined || text.length > 1024) return "cloudflared";
  try {
    const meta: unknown = JSON.parse(text);
    return typeof meta === "object" && meta !== null && "src" in meta && meta.src === "origin"
      ? "origin"
      : "cloudflared";
  } catch {
    return "cloudflared";
  }
}

function base64(text: string): string {
  return Buffer.from(text, "latin1").toString("base64").replace(/=+$/, "");
}

function plain(text: string): string {
  return Buffer.from(text, "base64").toString("latin1");
}
