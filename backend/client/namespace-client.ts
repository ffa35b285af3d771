import type { Socket } from "socket.io-client";
import { emitForResponse } from "./emit-for-response.ts";
import type { NamespaceEntry, TypeOf, ValuesOf } from "./server-types.ts";

type CallOf<N extends NamespaceEntry, A extends string> = Extract<N["calls"][number], { readonly action: A }>;
type EmitsOf<N extends NamespaceEntry> = N extends { readonly emits: infer Emits } ? Emits : unknown;
type PayloadOf<E> = E extends { readonly payload: infer Schema } ? TypeOf<Schema> : never;

/** Maximum milliseconds until the server has acknowledged a call: longer than any action may take. */
const CALL_TIMEOUT_MS = 40_000;

/**
 * Typed calls and events of one namespace over a socket of socket.io-client, which the program opens and closes. `N` is
 * the namespace as its feature's surface declares it.
 */
export class NamespaceClient<N extends NamespaceEntry> {
  readonly #socket: Socket;

  constructor(socket: Socket) {
    this.#socket = socket;
  }

  /** Makes a call. Rejects with a `RequestError`; its code is `OFFLINE` where no response came. */
  call<A extends N["calls"][number]["action"]>(
    action: A,
    params: ValuesOf<CallOf<N, A>["params"]>,
  ): Promise<TypeOf<CallOf<N, A>["returns"]>> {
    return this.#emit("call", action, params) as Promise<TypeOf<CallOf<N, A>["returns"]>>;
  }

  /** Shows a new access token of the same session, so that the socket stays when the earlier one expires. */
  async authenticate(accessToken: string): Promise<void> {
    await this.#emit("authenticate", accessToken);
  }

  /** Adds a listener and returns a function that removes it. */
  on<E extends keyof EmitsOf<N> & string>(event: E, listener: (payload: PayloadOf<EmitsOf<N>[E]>) => void): () => void {
    this.#socket.on(event as string, listener);
    return () => void this.#socket.off(event as string, listener);
  }

  #emit(event: string, ...args: readonly unknown[]): Promise<unknown> {
    return emitForResponse(this.#socket, CALL_TIMEOUT_MS, event, args);
  }
}
