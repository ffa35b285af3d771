import { afterAll, beforeAll, expect, test } from "@jest/globals";
import type { PresenceReport } from "../../../backend/chat/presence.ts";
import { announce } from "../../../backend/contract/index.ts";
import { disconnected, emit } from "../socket-calls.ts";
import type { TestGateway } from "../test-gateway.ts";
import { tokenOf } from "../test-tokens.ts";
import { joinedRoom, startChatGateway } from "./chat-gateway.ts";

let gateway: TestGateway;
const spoken: PresenceReport[] = [];
const listening = new Set<() => void>();

beforeAll(async () => {
  gateway = await startChatGateway(
    {
      "chat.join": (ctx) => joinedRoom(ctx.params.room),
      "chat.history": () => ({}) as never,
      "chat.setPresence": (ctx) => ({ state: ctx.params.state as "away" | "online" }),
    },
    { presence: { graceMs: 50, intervalMs: 20, windowMs: 5 } },
  );
  gateway.broker.createService({
    name: "listener",
    events: {
      "presence.here"(ctx: { params: PresenceReport }) {
        spoken.push(ctx.params);
        for (const look of listening) look();
      },
    },
  });
});
afterAll(() => gateway.stop());

/** Waits until the node has said this of a user; answers everything that it said of them. */
function told(user: string, last: string): Promise<string[]> {
  return new Promise((resolve) => {
    const look = () => {
      const states = spoken.flatMap((here) =>
        (["online", "away", "offline"] as const).filter((state) => here[state].includes(user)),
      );
      if (states.at(-1) !== last) return;
      listening.delete(look);
      resolve(states);
    };
    listening.add(look);
    look();
  });
}

test("a node says who is there: once for all sockets of a user, and away when all of them are", async () => {
  const phone = await gateway.connect(tokenOf("ada"));
  expect(await told("ada", "online")).toEqual(["online"]);
  const laptop = await gateway.connect(tokenOf("ada"));
  await emit(phone, "call", "chat.setPresence", { state: "away" });
  await emit(laptop, "call", "chat.setPresence", { state: "away" });
  await emit(laptop, "call", "chat.setPresence", { state: "away" });
  expect(await told("ada", "away")).toEqual(["online", "away"]);
  phone.close();
  laptop.close();
  expect(await told("ada", "offline")).toEqual(["online", "away", "offline"]);
});

test("a device that connects while its user looks at something else is never told to be there", async () => {
  await gateway.connect(tokenOf("gus"), { auth: { token: tokenOf("gus"), state: "away" } });
  expect(await told("gus", "away")).toEqual(["away"]);
  for (const state of ["offline", "here", { away: true }, null]) {
    const name = `odd${JSON.stringify(state).length}`;
    await gateway.connect(tokenOf(name), { auth: { token: tokenOf(name), state } });
    expect(await told(name, "online")).toEqual(["online"]);
  }
});

test("a socket that was admitted and disconnected no longer counts, and one that was not admitted never does", async () => {
  await expect(gateway.connect("user")).rejects.toMatchObject({ message: "UNAUTHORIZED" });
  const socket = await gateway.connect(tokenOf("eve"));
  await told("eve", "online");
  await announce(gateway.broker, "session.ended", { sid: "s-eve" });
  await disconnected(socket);
  expect(await told("eve", "offline")).toEqual(["online", "offline"]);
});

test("a node that comes, or one that has missed something, hears everything", async () => {
  await gateway.connect(tokenOf("bob"));
  await told("bob", "online");
  for (const ask of [
    () => gateway.broker.broadcastLocal("$node.connected", { node: { id: "new" }, reconnected: false }),
    () => announce(gateway.broker, "presence.wanted", { node: gateway.broker.nodeID }),
  ]) {
    const before = spoken.length;
    const again = new Promise<PresenceReport>((resolve) => {
      const look = () => {
        const whole = spoken.slice(before).find((here) => here.whole);
        if (!whole) return;
        listening.delete(look);
        resolve(whole);
      };
      listening.add(look);
    });
    await ask();
    expect((await again).online).toContain("bob");
  }
  const before = spoken.length;
  await announce(gateway.broker, "presence.wanted", { node: "another" });
  await gateway.connect(tokenOf("carol"));
  await told("carol", "online");
  expect(spoken.slice(before).some(({ whole }) => whole)).toBe(false);
});
