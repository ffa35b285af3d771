import { afterAll, beforeAll, expect, test } from "@jest/globals";
import fc from "fast-check";
import { readConfig } from "../../../../backend/config.ts";
import { type Backend, startBackend } from "../../../../backend/main.ts";
import { loadAssets } from "../../../../backend/page/index.ts";
import { type TestStorage, testStorage } from "../../store/test-storage.ts";
import { testModules } from "../../test-modules.ts";
import { NO_LIMITS } from "../../test-options.ts";
import { type CuttableProxy, startProxy } from "../cuttable-proxy.ts";
import { Watched } from "./watched-client.ts";

const PEOPLE = 3;
let storage: TestStorage;
let backend: Backend;
const proxies: CuttableProxy[] = [];
const clients: Watched[] = [];

beforeAll(async () => {
  storage = await testStorage();
  const config = readConfig({ PORT: "0", ...storage.env, LOG_LEVEL: "silent", DRAIN_SECONDS: "1" });
  backend = await startBackend(config, { assets: await loadAssets(), limits: NO_LIMITS, modules: testModules() });
  for (let n = 0; n < PEOPLE; n += 1) {
    const proxy = await startProxy(backend.url);
    const client = new Watched(proxy.url, { backoff: { firstMs: 2, maxMs: 10 } });
    proxies.push(proxy);
    clients.push(client);
    await client.register({ email: `p${n}@example.org`, password: "correct horse battery", name: `Person ${n}` });
    await client.online();
  }
});
afterAll(async () => {
  for (const client of clients) client.close();
  for (const proxy of proxies) await proxy.close();
  await backend.stop();
  await storage.remove();
});

const who = fc.nat(PEOPLE - 1);
const direction = fc.constantFrom("up" as const, "down" as const);
const step = fc.oneof(
  { weight: 6, arbitrary: fc.record({ kind: fc.constant("send" as const), who }) },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant("turns" as const), count: fc.integer({ min: 1, max: 40 }) }) },
  {
    weight: 3,
    // mostly within the next message, its acknowledgement or the answer to a join
    arbitrary: fc.record({
      kind: fc.constant("cutAfter" as const),
      who,
      direction,
      bytes: fc.integer({ min: 0, max: 600 }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("cut" as const), who }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("mute" as const), who, direction }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("refuse" as const), who, on: fc.boolean() }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("online" as const), who }) },
);
type Step = typeof step extends fc.Arbitrary<infer S> ? S : never;

async function take(one: Step, send: (who: number) => void): Promise<void> {
  if (one.kind === "turns") {
    for (let turn = 0; turn < one.count; turn += 1) await new Promise((resolve) => setImmediate(resolve));
    return;
  }
  const [proxy, client] = [proxies[one.who] as CuttableProxy, clients[one.who] as Watched];
  switch (one.kind) {
    case "send":
      return send(one.who);
    case "cutAfter":
      return proxy.cutAfter(one.direction, one.bytes);
    case "cut":
      return proxy.cut();
    case "mute":
      return proxy.mute(one.direction);
    case "refuse":
      return proxy.refuse(one.on);
    case "online":
      proxy.refuse(false);
      client.wake();
      await client.online();
  }
}

/** A call that a cut of a moment ago may still break. */
async function insist(client: Watched, call: () => Promise<unknown>): Promise<void> {
  for (let done = false; !done; ) {
    await client.online();
    done = await call().then(
      () => true,
      (error: unknown) => {
        if (client.state === "online") throw error;
        return false;
      },
    );
  }
}

let rooms = 0;

test("whenever connections are cut, deaf or refused: everybody ends with the same messages, each once, none missing", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 10, maxLength: 40, size: "max" }), async (steps) => {
      const room = `room-${++rooms}`;
      const sent: string[][] = clients.map(() => []);
      await Promise.all(clients.map((client) => insist(client, () => client.chat.join(room))));
      for (const one of steps) {
        await take(one, (index) => {
          const text = `${index} says ${sent[index]?.length}`;
          sent[index]?.push(text);
          clients[index]?.chat.send(room, text);
        });
      }
      for (const proxy of proxies) {
        proxy.refuse(false);
        proxy.cut(); // a deaf connection would be noticed only after a while
      }
      for (const client of clients) client.wake();
      const all = sent.flat().length;
      const isThere = (client: Watched) => client.chat.pending.length === 0 && client.texts(room).length >= all;
      await Promise.all(clients.map((client) => client.until(() => client.state === "online" && isThere(client))));
      const [first] = clients;
      for (const client of clients) {
        const messages = client.chat.timeline(room)?.messages ?? [];
        expect(messages.map(({ seq }) => seq)).toEqual(messages.map((_, index) => index + 1));
        expect(client.texts(room)).toEqual(first?.texts(room));
        expect(client.doubled).toEqual([]);
      }
      // each once, and what one person wrote stays in the order in which it was written
      const byPerson = clients.map((_, index) => first?.texts(room).filter((text) => text.startsWith(`${index} says`)));
      expect(byPerson).toEqual(sent);
      await Promise.all(clients.map((client) => insist(client, () => client.chat.leave(room))));
    }),
    { numRuns: Number(process.env.SCHEDULES ?? 15), endOnFailure: true, timeout: 60_000 },
  );
}, 600_000);
