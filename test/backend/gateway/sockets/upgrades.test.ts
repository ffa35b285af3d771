import { once } from "node:events";
import { createServer, type IncomingMessage } from "node:http";
import { type AddressInfo, connect, type Socket } from "node:net";
import type { Duplex } from "node:stream";
import { setImmediate as nextTurn } from "node:timers/promises";
import { afterEach, expect, test } from "@jest/globals";
import { CAPS } from "../../../../backend/gateway/limits/caps/table.ts";
import { WithoutSession } from "../../../../backend/gateway/limits/caps/without-session.ts";
import { createLimits, LIMITS } from "../../../../backend/gateway/limits/limits.ts";
import { UPGRADES_PER_TURN, UpgradeHandler } from "../../../../backend/gateway/sockets/upgrades.ts";

type Upgrade = [request: IncomingMessage, socket: Duplex, head: Buffer];

const COUNT = 2 * UPGRADES_PER_TURN + 1;
const request = (n: number) =>
  `GET /socket.io/?EIO=4&transport=websocket&t=${n} HTTP/1.1\r\nhost: x\r\nconnection: Upgrade\r\n` +
  "upgrade: websocket\r\nsec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";

let close: () => Promise<unknown>;
afterEach(() => close());

/** Upgrades that have arrived over real connections, one after the other, and that no code has looked at. */
async function arrivedUpgrades(count: number): Promise<readonly Upgrade[]> {
  const upgrades: Upgrade[] = [];
  const server = createServer();
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const clients: Socket[] = [];
  close = () => {
    for (const socket of [...clients, ...upgrades.map(([, socket]) => socket)]) socket.destroy();
    server.close();
    return once(server, "close");
  };
  for (let n = 0; n < count; n += 1) {
    const client = connect(port, "127.0.0.1").on("error", () => undefined);
    clients.push(client);
    client.write(request(n));
    upgrades.push((await once(server, "upgrade")) as Upgrade);
  }
  return upgrades;
}

function startDoor() {
  const accepted: (string | undefined)[] = [];
  const door = new UpgradeHandler({
    client: () => ({ address: "192.0.2.1", key: "192.0.2.1", ray: undefined }),
    originKind: () => "none",
    limits: createLimits({ ...LIMITS, handshake: { requests: COUNT, seconds: 60 } }),
    caps: CAPS.sockets,
    withoutSession: new WithoutSession({ caps: CAPS, timeout: 60_000 }),
    accept: ({ url }) => accepted.push(url),
  });
  return { door, accepted };
}

test("N7: of clients that come all at once the first are let in, and served, before the last are looked at", async () => {
  const upgrades = await arrivedUpgrades(COUNT);
  const { door, accepted } = startDoor();
  for (const upgrade of upgrades) door.handle(...upgrade);
  const inTurns: number[] = [];
  for (let turn = 0; turn < 4; turn += 1) {
    inTurns.push(accepted.length);
    await nextTurn();
  }
  expect(inTurns).toEqual([0, UPGRADES_PER_TURN, 2 * UPGRADES_PER_TURN, COUNT]);
  expect(accepted).toEqual(upgrades.map(([{ url }]) => url));
});

test("N7: an upgrade that comes after the others have had their turn is not forgotten", async () => {
  const upgrades = await arrivedUpgrades(2);
  const { door, accepted } = startDoor();
  for (const upgrade of upgrades) {
    door.handle(...upgrade);
    await nextTurn();
  }
  expect(accepted).toHaveLength(2);
});

test("N7: a client that has gone, or waits when the node stops, is not let in", async () => {
  const upgrades = await arrivedUpgrades(2);
  const { door, accepted } = startDoor();
  const [[, gone] = [], [, waits] = []] = upgrades;
  for (const upgrade of upgrades) door.handle(...upgrade);
  gone?.destroy();
  await door.close();
  await nextTurn();
  expect(accepted).toEqual([]);
  expect([gone?.destroyed, waits?.destroyed]).toEqual([true, true]);
});
