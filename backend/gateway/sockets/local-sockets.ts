import type { GatewayIo, GatewaySocket } from "../gateway-socket.ts";

const CHANNEL = "channel:";

// Socket.IO puts each socket into a group named after its id. With a prefix no other group can have that name.
export const channelGroup = (channel: string): string => `${CHANNEL}${channel}`;
export const sessionGroup = (sid: string): string => `session:${sid}`;
export const userGroup = (id: string): string => `user:${id}`;

/**
 * The sockets of one namespace that are connected to this node, and their groups. A group is what Socket.IO calls a
 * room.
 */
export class LocalSockets {
  readonly #name: string;
  #namespace: ReturnType<GatewayIo["of"]> | undefined;

  constructor(name = "/") {
    this.#name = name;
  }

  /** `emptied` is called with each channel whose last socket has left. */
  attach(io: GatewayIo, emptied: (channel: string) => void): void {
    this.#namespace = io.of(this.#name);
    this.#namespace.adapter.on("delete-room", (group: string) => {
      if (group.startsWith(CHANNEL)) emptied(group.slice(CHANNEL.length));
    });
  }

  get size(): number {
    return this.#namespace?.sockets.size ?? 0;
  }

  all(): GatewaySocket[] {
    return [...(this.#namespace?.sockets.values() ?? [])];
  }

  get(id: string): GatewaySocket | undefined {
    return this.#namespace?.sockets.get(id);
  }

  /** The ids of all sockets. */
  ids(): Iterable<string> {
    return this.#namespace?.sockets.keys() ?? [];
  }

  /** The ids of the sockets in a group; undefined where there are none. */
  idsIn(group: string): ReadonlySet<string> | undefined {
    return this.#namespace?.adapter.rooms.get(group);
  }

  /** The sockets in a group, or all sockets. */
  in(group?: string): GatewaySocket[] {
    if (group === undefined) return this.all();
    return [...(this.idsIn(group) ?? [])].flatMap((id) => this.get(id) ?? []);
  }
}
