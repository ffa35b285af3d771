import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";

/** `up` from the client to the server, `down` from the server to the client. */
type Direction = "up" | "down";

/** A TCP proxy on 127.0.0.1 whose connections can be made deaf or cut: what a bad network does. */
export interface CuttableProxy {
  readonly url: string;
  /** What comes from that side, of the connections that are open now, gets lost: by default the server's answers. */
  mute(direction?: Direction): void;
  /** Whether everything is kept back, on new connections too; afterwards it goes on, as when a network is away. */
  hold(holding: boolean): void;
  /** Ends every connection; new ones work again. */
  cut(): void;
  /** Ends each connection that is open now when so many more bytes have passed, in the middle of whatever that is. */
  cutAfter(direction: Direction, bytes: number): void;
  /** Whether new connections are refused. */
  refuse(refusing: boolean): void;
  /** New connections go there, as a load balancer sends them. */
  moveTo(target: string): void;
  close(): Promise<void>;
}

interface Pair {
  readonly client: Socket;
  readonly server: Socket;
  /** Bytes that still pass before the connection is cut, or `lost` when nothing passes any more. */
  readonly passes: Record<Direction, number | "lost">;
}

export async function startProxy(target: string): Promise<CuttableProxy> {
  let { hostname, port } = new URL(target);
  const open = new Set<Pair>();
  let refusing = false;
  let isHeld = false;
  const listener = createServer((client) => {
    client.on("error", () => undefined);
    if (refusing) return void client.destroy();
    const server = connect(Number(port), hostname);
    const pair: Pair = { client, server, passes: { up: Number.POSITIVE_INFINITY, down: Number.POSITIVE_INFINITY } };
    open.add(pair);
    for (const [from, to, direction] of [
      [client, server, "up"],
      [server, client, "down"],
    ] as const) {
      from.on("data", (chunk: Buffer) => {
        const passes = pair.passes[direction];
        if (passes === "lost") return;
        pair.passes[direction] = passes - chunk.length;
        if (!to.write(chunk.subarray(0, passes)) || isHeld) from.pause();
        if (chunk.length >= passes) to.end(() => client.destroy());
      });
      to.on("drain", () => {
        if (!isHeld) from.resume();
      });
      from.on("error", () => to.destroy());
      from.on("close", () => {
        open.delete(pair);
        to.destroy();
      });
      if (isHeld) from.pause();
    }
  });
  listener.listen(0, "127.0.0.1");
  await once(listener, "listening");
  const cut = () => {
    for (const { client } of open) client.destroy();
  };
  return {
    url: `http://127.0.0.1:${(listener.address() as AddressInfo).port}`,
    mute(direction = "down") {
      for (const { passes } of open) passes[direction] = "lost";
    },
    hold(now) {
      isHeld = now;
      for (const { client, server } of open) for (const end of [client, server]) now ? end.pause() : end.resume();
    },
    cut,
    cutAfter(direction, bytes) {
      for (const { passes } of open) if (passes[direction] !== "lost") passes[direction] = bytes;
    },
    refuse(now) {
      refusing = now;
    },
    moveTo(other) {
      ({ hostname, port } = new URL(other));
    },
    async close() {
      cut();
      await new Promise((resolve) => listener.close(resolve));
    },
  };
}
