import { expect, test } from "@jest/globals";
import { shardOf } from "../../../backend/nodes/subjects.ts";
import { Subscriptions } from "../../../backend/nodes/subscriptions.ts";

/** A NATS server that handles subscriptions when the test says so. */
function server() {
  const active = new Set<number>();
  const ended: number[] = [];
  let confirmed = Promise.withResolvers<void>();
  const subscriptions = new Subscriptions({
    subscribe(subject) {
      active.add(subject);
      return () => void active.delete(subject);
    },
    confirm: () => confirmed.promise,
    ended: (subject) => void ended.push(subject),
  });
  return {
    ...{ active, ended, subscriptions },
    async confirm() {
      confirmed.resolve();
      await confirmed.promise;
      await undefined;
      confirmed = Promise.withResolvers();
    },
  };
}

/** Another channel of the same shard. */
function neighbourOf(channel: string): string {
  for (let n = 0; ; n += 1) if (shardOf(`neighbour-${n}`) === shardOf(channel)) return `neighbour-${n}`;
}

test("N5: the first join of a shard waits until the server knows the subscription, the next ones do not", async () => {
  const { subscriptions, confirm, active } = server();
  const first = subscriptions.add("garden");
  expect(first).toBeInstanceOf(Promise);
  expect(subscriptions.add("garden")).toBe(first); // nor may a second one go ahead meanwhile
  expect(subscriptions.add(neighbourOf("garden"))).toBe(first);
  await confirm();
  await first;
  expect(subscriptions.add("garden")).toBeUndefined();
  expect(subscriptions.add(neighbourOf("garden"))).toBeUndefined();
  expect([...active]).toEqual([shardOf("garden")]);
});

test("N5: a subscription ends 30 s after the last channel of its shard, and is kept when a channel comes back before", async () => {
  const { subscriptions, confirm, active, ended } = server();
  const neighbour = neighbourOf("garden");
  for (const channel of ["garden", neighbour, "shed"]) subscriptions.add(channel);
  await confirm();
  subscriptions.remove("garden", 1_000);
  expect([subscriptions.has("garden"), subscriptions.has(neighbour)]).toEqual([false, true]);
  subscriptions.sweep(100_000);
  expect(active.size).toBe(2);
  subscriptions.remove(neighbour, 100_000);
  subscriptions.remove("unknown", 100_000);
  subscriptions.remove("shed", 110_000);
  subscriptions.sweep(129_999);
  expect(active.size).toBe(2);
  expect(subscriptions.add("garden")).toBeUndefined();
  subscriptions.sweep(139_999);
  expect(active.size).toBe(2);
  subscriptions.remove("garden", 140_000);
  subscriptions.sweep(140_000);
  expect([[...active], ended]).toEqual([[shardOf("garden")], [shardOf("shed")]]);
  subscriptions.sweep(170_000);
  expect([active.size, ended.length, subscriptions.channelsOf(shardOf("garden"))]).toEqual([0, 2, undefined]);
  expect(subscriptions.add("garden")).toBeInstanceOf(Promise);
});

test("N5: joins that are refused leave no subscription behind, and end none that others use or have used", async () => {
  const { subscriptions, active, ended } = server();
  for (let n = 0; n < 1_000; n += 1) {
    subscriptions.add(`channel-${n}`);
    subscriptions.remove(`channel-${n}`, n, false);
  }
  expect([active.size, ended.length]).toEqual([0, 1_000]);
  const neighbour = neighbourOf("garden");
  subscriptions.add("garden");
  subscriptions.add(neighbour);
  subscriptions.remove(neighbour, 1_000, false);
  expect([...active]).toEqual([shardOf("garden")]);
  subscriptions.remove("garden", 1_000);
  subscriptions.add(neighbour);
  subscriptions.remove(neighbour, 2_000, false);
  subscriptions.sweep(31_999);
  expect([...active]).toEqual([shardOf("garden")]);
  subscriptions.sweep(32_000);
  expect(active.size).toBe(0);
});
