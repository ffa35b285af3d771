import { expect, test } from "@jest/globals";
import { createHashingQueue, QueueFull } from "../../../backend/users/hashing-queue.ts";

test("runs as many as may run, lets some wait and refuses the rest at once", async () => {
  const queue = createHashingQueue({ maxRunning: 2, maxWaiting: 3, retryAfter: 7 });
  const gates = Array.from({ length: 5 }, () => Promise.withResolvers<void>());
  const started: number[] = [];
  const runs = gates.map((gate, index) =>
    queue.run(async () => {
      started.push(index);
      await gate.promise;
      return index;
    }),
  );
  expect(started).toEqual([0, 1]);
  expect(queue.waiting).toBe(3);
  await expect(queue.run(async () => 0)).rejects.toThrow(expect.objectContaining({ retryAfter: 7 }));
  await expect(queue.run(async () => 0)).rejects.toBeInstanceOf(QueueFull);
  for (const gate of gates) gate.resolve();
  expect(await Promise.all(runs)).toEqual([0, 1, 2, 3, 4]);
  expect(started).toEqual([0, 1, 2, 3, 4]);
  expect(await queue.run(async () => "free again")).toBe("free again");
});

test("work that fails gives its lane back", async () => {
  const queue = createHashingQueue({ maxRunning: 1, maxWaiting: 0 });
  await expect(queue.run(() => Promise.reject(new Error("no")))).rejects.toThrow("no");
  expect(await queue.run(async () => 1)).toBe(1);
});
