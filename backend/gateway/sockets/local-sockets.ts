import type { Caller } from "../../contract/index.ts";
import type { GatewayIo, GatewaySocket } from "../gateway-socket.ts";
import { SocketsByKey } from "./sockets-by-key.ts";

const CHANNEL = "channel:";

/** The group (Socket.IO: room) of a channel. Socket.IO has groups of its own, whose names are ids of sockets. */
export const channelGroup = (channel: string): string => `${CHANNEL}${channel}`;

/** The sockets of one namespace on this node: by id, by user, by session and by channel. */
export class LocalSockets {
  readonly #namespaceName: string;
  readonly #users = new SocketsByKey();
  readonly #sessions = new SocketsByKey();
  #namespace: ReturnType<GatewayIo["of"]> | undefined;

  constructor(namespaceName = "/") {
    this.#namespaceName = namespaceName;
  }

  /** `emptied` is called with each channel whose last socket has left. */
  attach(io: GatewayIo, emptied: (channel: string) => void): void {
    this.#namespace = io.of(this.#namespaceName);
    this.#namespace.adapter.on("delete-room", (group: string) => {
      if (group.startsWith(CHANNEL)) emptied(group.slice(CHANNEL.length));
    });
  }

  /** Adds a socket that opens to its user and session, if it has one. */
  add(socket: GatewaySocket, user: Caller | undefined): void {
    // the group of its id, which nothing here sends to: a set for each socket
    void socket.leave(socket.id);
    if (!user) return;
    this.#users.add(user.id, socket);
    this.#sessions.add(user.sid, socket);
  }

  /** Removes a socket that has closed; one that was not added is ignored. Socket.IO removes it from its channels. */
  remove(socket: GatewaySocket, user: Caller | undefined): void {
    if (!user) return;
    this.#users.remove(user.id, socket);
    this.#sessions.remove(user.sid, socket);
  }

  get size(): number {
    return this.#namespace?.sockets.size ?? 0;
  }

  all(): readonly GatewaySocket[] {
    return [...(this.#namespace?.sockets.values() ?? [])];
  }

  get(id: string): GatewaySocket | undefined {
    return this.#namespace?.sockets.get(id);
  }

  ofUser(id: string): readonly GatewaySocket[] {
    return this.#users.of(id);
  }

  ofSession(sid: string): readonly GatewaySocket[] {
    return this.#sessions.of(sid);
  }

  /** The ids of the sockets in a channel; undefined where there are none. */
  idsInChannel(channel: string): ReadonlySet<string> | undefined {
    return this.#namespace?.adapter.rooms.get(channelGroup(channel));
  }

  inChannel(channel: string): readonly GatewaySocket[] {
    return [...(this.idsInChannel(channel) ?? [])].flatMap((id) => this.get(id) ?? []);
  }
}
