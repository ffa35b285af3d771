import { once } from "node:events";
import { readFileSync } from "node:fs";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { expect, test } from "@jest/globals";
import { Connections } from "../../../../backend/gateway/limits/caps/connections.ts";
import { startTestBackend } from "../../test-backend.ts";
import { handshake } from "../by-hand.ts";

/** A server that counts connections; the peers, all on the loopback, are trusted or not. */
async function counting(caps: { address: number; node: number }, isTrusted: boolean) {
  const connections = new Connections(caps, () => isTrusted);
  const server = createServer((socket) => connections.accept(socket)).listen(0, "127.0.0.1");
  await once(server, "listening");
  const clients: Socket[] = [];
  const open = async () => {
    const client = connect((server.address() as AddressInfo).port, "127.0.0.1").on("error", () => undefined);
    clients.push(client);
    await once(client, "connect");
    return client;
  };
  const stop = () => {
    for (const client of clients) client.destroy();
    server.close();
  };
  return { connections, open, stop };
}

test("a peer that is not trusted has so many connections, and one that closes makes room", async () => {
  const { connections, open, stop } = await counting({ address: 2, node: 10 }, false);
  const [first] = [await open(), await open()];
  await once(await open(), "close");
  expect([connections.used, connections.refused]).toEqual([2, 1]);
  first?.destroy();
  while (connections.used > 1) await new Promise(setImmediate);
  await open();
  while (connections.used < 2) await new Promise(setImmediate);
  expect(connections.refused).toBe(1);
  stop();
});

test("the connector has as many connections as it needs", async () => {
  const { connections, open, stop } = await counting({ address: 2, node: 3 }, true);
  for (let n = 0; n < 5; n++) await open();
  while (connections.used < 5) await new Promise(setImmediate);
  expect(connections.refused).toBe(0);
  stop();
});

test("/metrics has every limit, what is held now, and how often it was reached", async () => {
  const backend = await startTestBackend({ config: { INTERNAL_PORT: "0" } });
  const { connection } = await handshake(backend.port, "192.0.2.1");
  connection.write(Buffer.from([0x81, 0x85, 0, 0, 0, 0, 0x34])); // a frame that goes on
  const read = async () => (await (await fetch(`${backend.backend.internalUrl}/metrics`)).text()).split("\n");
  const isThere = async (line: string) => (await read()).includes(line);
  while (!(await isThere('causeway_cap_used{cap="bytes_without_session"} 7')));
  const lines = await read();
  expect(lines).toEqual(
    expect.arrayContaining([
      'causeway_cap_limit{cap="sockets",per="user"} 20',
      'causeway_cap_limit{cap="sockets_without_session",per="node"} 4000',
      'causeway_cap_limit{cap="unsent_bytes",per="connection"} 1048576',
      'causeway_cap_limit{cap="handshakes",per="address"} 1000000',
      'causeway_cap_used{cap="sockets"} 1',
      'causeway_cap_used{cap="sockets_without_session"} 1',
      'causeway_cap_refused_total{cap="fragments"} 0',
      "causeway_ignored_addresses_total 0",
    ]),
  );
  const caps = lines.flatMap((line) => /^causeway_cap_refused_total\{cap="([^"]+)"/.exec(line)?.[1] ?? []);
  expect(caps.toSorted()).toEqual([
    "anonymous_sockets",
    "body_bytes",
    "bytes_without_session",
    "fragments",
    "handshakes",
    "history_bytes",
    "http_connections",
    "message_time",
    "namespaces",
    "pipelined_requests",
    "request_bodies",
    "session_time",
    "sockets",
    "sockets_without_session",
    "streams",
    "unfinished_bytes",
    "unread_connections",
    "unsent_bytes",
  ]);
  const page = readFileSync(new URL("../../../../docs/limits.md", import.meta.url), "utf8");
  expect(caps.filter((cap) => !page.includes(`| \`${cap}\``))).toEqual([]);
  connection.destroy();
  await backend.stop();
});
