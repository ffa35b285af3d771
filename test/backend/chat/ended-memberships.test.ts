import { afterEach, beforeEach, expect, test } from "@jest/globals";
import type { Context } from "moleculer";
import type { Unsubscription } from "../../../backend/contract/index.ts";
import { type Running, startServices } from "../start-services.ts";

let running: Running;
beforeEach(async () => {
  running = await startServices();
});
afterEach(() => running.stop());

test("a node that was told nothing finds in the database who has left a room or was put out of it, once", async () => {
  const [ada, bob] = [await running.register("Ada"), await running.register("Bob")];
  for (const { identity } of [ada, bob]) await running.call("chat.join", { room: "garden" }, identity);
  const left: string[] = [];
  let look = (): void => undefined;
  running.broker.createService({
    name: "listener-of-memberships",
    events: {
      "sockets.unsubscribeHere"({ params: { channel, user, revision } }: Context<Unsubscription>) {
        left.push(`${channel} ${user} ${revision}`);
        look();
      },
    },
  });
  const until = (count: number) =>
    new Promise<void>((resolve) => {
      look = () => left.length >= count && resolve();
      look();
    });
  const { store, clock } = running;
  // as another node does: no event comes here
  const kicked = await store.members.end("garden", bob.user.id, "out", clock.now - 5_000);
  await until(1);
  const gone = await store.members.end("garden", ada.user.id, "out", clock.now);
  await until(2);
  expect(left).toEqual([
    `chat:garden ${bob.user.id} ${kicked?.revision}`,
    `chat:garden ${ada.user.id} ${gone?.revision}`,
  ]);
});
