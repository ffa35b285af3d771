/** Timeouts of clients, all in milliseconds. */
export interface ServerTimes {
  readonly headers: number;
  readonly request: number;
  /** To read a response, or what is sent over a WebSocket: counted while something is unread. */
  readonly send: number;
  /** To authenticate, from the WebSocket's handshake on. */
  readonly session: number;
  /** For one WebSocket message. */
  readonly message: number;
  /** For the action of a call in a feature's namespace. */
  readonly call: number;
  /**
   * For an idle connection. Longer than the 90 s for which cloudflared keeps one, so that this node does not close a
   * connection that cloudflared is about to use.
   */
  readonly keepAlive: number;
  /** Between two checks of `headers` and `request`. */
  readonly check: number;
}

export const SERVER_TIMES: ServerTimes = {
  headers: 10_000,
  request: 15_000,
  send: 60_000,
  session: 10_000,
  message: 10_000,
  call: 30_000,
  keepAlive: 95_000,
  check: 1_000,
};
