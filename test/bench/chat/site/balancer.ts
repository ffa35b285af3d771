import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";

/**
 * Sends clients to nodes as a load balancer does: to one at random, and to the next one where that does not accept the
 * connection. Light clients ask `order` and connect by themselves; the page's client connects to `url`.
 */
export interface Balancer {
  /** Ports of all nodes, in the order in which to try them. */
  order(): readonly number[];
  readonly url: string;
  close(): Promise<void>;
}

export async function startBalancer(ports: readonly number[], random = Math.random): Promise<Balancer> {
  const order = () =>
    ports
      .map((port) => ({ port, rank: random() }))
      .sort((one, other) => one.rank - other.rank)
      .map(({ port }) => port);
  const open = new Set<Socket>();
  const listener = createServer((client) => {
    open.add(client);
    client.on("error", () => undefined).once("close", () => open.delete(client));
    forward(client, order());
  });
  listener.listen(0, "127.0.0.1");
  await once(listener, "listening");
  return {
    order,
    url: `http://127.0.0.1:${(listener.address() as AddressInfo).port}`,
    async close() {
      for (const client of open) client.destroy();
      await new Promise((resolve) => listener.close(resolve));
    },
  };
}

function forward(client: Socket, [port, ...others]: readonly number[]): void {
  if (port === undefined) return void client.destroy();
  const server = connect(port, "127.0.0.1");
  let isConnected = false;
  client.once("close", () => server.destroy());
  server.once("connect", () => {
    isConnected = true;
    client.pipe(server).pipe(client);
  });
  server.on("error", () => undefined);
  server.once("close", () => {
    if (isConnected) client.destroy();
    else if (!client.destroyed) forward(client, others);
  });
}
