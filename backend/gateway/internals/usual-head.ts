import { ServerResponse } from "node:http";
import { apiHeaders } from "../http/headers.ts";

/**
 * The response of our server. Node checks and joins every header of every answer; the head of the usual one is the same
 * each time but for three values, and to write it as one text costs a request a tenth less. That text is set where Node
 * itself keeps it.
 */
export class GatewayResponse extends ServerResponse {
  declare _header: string | null;

  /**
   * Sends a 200 with the headers of the API alone, or answers false when this response needs something else: a
   * connection that closes, an older client, a request that is no plain GET.
   */
  endUsual(id: string, body: string): boolean {
    const { req } = this;
    if (req.method !== "GET" || req.httpVersion !== "1.1" || !this.shouldKeepAlive || this.headersSent) return false;
    const seconds = keepAliveSeconds(req.socket);
    const length = Buffer.byteLength(body);
    this._header =
      `${START}x-request-id: ${id}\r\ncontent-length: ${length}\r\nDate: ${date()}\r\n` +
      `Connection: keep-alive\r\nKeep-Alive: timeout=${seconds}\r\n\r\n`;
    // where each character is one byte, the text is copied as it is
    this.end(body, length === body.length ? "latin1" : "utf8");
    return true;
  }
}

const START = `HTTP/1.1 200 OK\r\n${Object.entries(apiHeaders)
  .map(([name, value]) => `${name}: ${value}\r\n`)
  .join("")}`;

/** How long Node keeps an idle connection, as it tells clients. */
function keepAliveSeconds(socket: object): number {
  const { server } = socket as { server?: { keepAliveTimeout?: number } };
  return Math.floor((server?.keepAliveTimeout ?? 0) / 1000);
}

let second = 0;
let text = "";

/** The time as a header says it (RFC 9110 5.6.7), made once a second. */
function date(): string {
  const now = Math.floor(Date.now() / 1000);
  if (now !== second) {
    second = now;
    text = new Date(now * 1000).toUTCString();
  }
  return text;
}
