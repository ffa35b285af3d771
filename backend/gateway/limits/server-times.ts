/** How long clients may take, and the actions that they call, in milliseconds. */
export interface ServerTimes {
  /** To send the header of a request. */
  readonly headersMs: number;
  /** To send a whole request. */
  readonly requestMs: number;
  /** To read a response, or what is sent over a WebSocket: counted while something is unread. */
  readonly readingMs: number;
  /** To authenticate, from the WebSocket's handshake on. */
  readonly authenticationMs: number;
  /** To send one WebSocket message. */
  readonly messageMs: number;
  /** For the action of a call in a feature's namespace. */
  readonly callMs: number;
  /**
   * For an idle connection. Longer than the 90 s for which cloudflared keeps one, so that this node does not close a
   * connection that cloudflared is about to use.
   */
  readonly keepAliveMs: number;
  /** Between two checks of `headersMs` and `requestMs`. */
  readonly checkIntervalMs: number;
}

export const SERVER_TIMES: ServerTimes = {
  headersMs: 10_000,
  requestMs: 15_000,
  readingMs: 60_000,
  authenticationMs: 10_000,
  messageMs: 10_000,
  callMs: 30_000,
  keepAliveMs: 95_000,
  checkIntervalMs: 1_000,
};
