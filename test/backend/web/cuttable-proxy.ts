import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";

/** A TCP proxy on 127.0.0.1 whose connections can be made deaf or cut: what a bad network does. */
export interface CuttableProxy {
  readonly url: string;
  /** Answers of the server no longer reach the client. */
  mute(): void;
  /** Ends every connection; new ones work again. */
  cut(): void;
  /** Whether new connections are refused. */
  refuse(refusing: boolean): void;
  close(): Promise<void>;
}

export async function startProxy(target: string): Promise<CuttableProxy> {
  const { hostname, port } = new URL(target);
  const open = new Set<{ client: Socket; server: Socket }>();
  let refusing = false;
  const listener = createServer((client) => {
    client.on("error", () => undefined);
    if (refusing) return void client.destroy();
    const server = connect(Number(port), hostname);
    const pair = { client, server };
    open.add(pair);
    for (const [one, other] of [
      [client, server],
      [server, client],
    ] as const) {
      one.pipe(other);
      one.on("error", () => other.destroy());
      one.on("close", () => {
        open.delete(pair);
        other.destroy();
      });
    }
  });
  listener.listen(0, "127.0.0.1");
  await once(listener, "listening");
  const cut = () => {
    for (const { client } of open) client.destroy();
  };
  return {
    url: `http://127.0.0.1:${(listener.address() as AddressInfo).port}`,
    mute() {
      for (const { server, client } of open) {
        server.unpipe(client);
        server.resume();
      }
    },
    cut,
    refuse(now) {
      refusing = now;
    },
    async close() {
      cut();
      await new Promise((resolve) => listener.close(resolve));
    },
  };
}
