import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { WebSocketServer } from "ws";

/** Clients at once: pages of one developer. */
const MAX_PAGES = 100;

/** Tells open pages which version of the page there is: a page reloads when it differs from its own. */
export interface PageVersions {
  /** Address for the pages of `loadAssets`. */
  readonly url: string;
  /** Sends the version to all open pages, and to each one that connects from now on. */
  announce(version: string): void;
  close(): Promise<void>;
}

/** Listens at 127.0.0.1, for pages of this origin only. Rejects where the port cannot be opened. */
export async function openPageVersions(port: number, origin: string): Promise<PageVersions> {
  let current: string | undefined;
  const server = new WebSocketServer({
    host: "127.0.0.1",
    port,
    maxPayload: 0,
    verifyClient: (client: { readonly origin: string }) => client.origin === origin && server.clients.size < MAX_PAGES,
  });
  server.on("connection", (page) => {
    page.on("error", () => page.terminate());
    if (current !== undefined) page.send(current);
  });
  await once(server, "listening");
  return {
    url: `ws://127.0.0.1:${(server.address() as AddressInfo).port}`,
    announce(version) {
      current = version;
      for (const page of server.clients) page.send(version);
    },
    async close() {
      for (const page of server.clients) page.terminate();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
