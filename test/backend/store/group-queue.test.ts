import { expect, jest, test } from "@jest/globals";
import { GroupQueue, type GroupRules } from "../../../backend/store/group-queue.ts";

/** An item is its line and its name, as in `a1`. */
function start(changes: Partial<GroupRules<string>> = {}) {
  const groups: { readonly items: readonly string[]; finish(): void }[] = [];
  const refused: string[] = [];
  let look = (): void => undefined;
  const queue = new GroupQueue<string>({
    run: (items) =>
      new Promise((resolve) => {
        groups.push({ items, finish: resolve });
        look();
      }),
    orderKey: (item) => item.charAt(0),
    uniqueKey: (item) => item,
    bytes: () => 1,
    refuse: (item) => {
      refused.push(item);
      look();
    },
    ...{ maxItems: 100, maxBytes: 100, maxGroups: 4, maxWaiting: 100 },
    ...{ intervalMs: 0, slowAfterMs: 60_000, maxWaitMs: 60_000 },
    ...changes,
  });
  return {
    groups,
    refused,
    add: (...items: string[]) => {
      for (const item of items) queue.add(item);
    },
    /** Resolves when something is true that changes with groups and refusals. */
    when: (isTrue: () => boolean): Promise<void> =>
      new Promise((resolve) => {
        look = () => isTrue() && resolve();
        look();
      }),
    /** Resolves when groups that can start have started. */
    settled: () => new Promise((resolve) => setImmediate(() => setImmediate(resolve))),
  };
}
const items = ({ groups }: ReturnType<typeof start>) => groups.map((group) => group.items.join(" "));

test("N1: what arrives while a group runs is the next group", async () => {
  const run = start();
  run.add("a1", "b1", "a2");
  await run.settled();
  run.add("a3");
  await run.settled();
  run.add("b2");
  await run.settled();
  expect(items(run)).toEqual(["a1 b1 a2"]);
  run.groups[0]?.finish();
  await run.settled();
  expect(items(run)).toEqual(["a1 b1 a2", "a3 b2"]);
});

test("N1: what arrives soon after the start of a group is one group, and an item that comes alone does not wait", async () => {
  jest.useFakeTimers({ doNotFake: ["setImmediate"] });
  try {
    const run = start({ intervalMs: 4 });
    run.add("a1");
    await run.settled();
    expect(items(run)).toEqual(["a1"]);
    run.groups[0]?.finish();
    for (const item of ["a2", "b1"]) {
      run.add(item);
      await run.settled();
      jest.advanceTimersByTime(1);
    }
    expect(items(run)).toEqual(["a1"]);
    jest.advanceTimersByTime(2);
    expect(items(run)).toEqual(["a1", "a2 b1"]);
    run.groups[1]?.finish();
    await run.settled();
    jest.advanceTimersByTime(4);
    run.add("a3");
    await run.settled();
    expect(items(run)).toEqual(["a1", "a2 b1", "a3"]);
  } finally {
    jest.useRealTimers();
  }
});

test("N1: a group has a number of items and of bytes at most", async () => {
  const run = start({ maxItems: 3, bytes: (item) => (item === "b2" ? 100 : 1) });
  run.add("a1", "a2", "a3", "a4", "b2", "a5");
  for (let n = 0; n < 3; n += 1) {
    await run.settled();
    run.groups[n]?.finish();
  }
  expect(items(run)).toEqual(["a1 a2 a3", "a4 b2", "a5"]);
});

test("N1: a group that takes long holds up its own lines only, and each line keeps its order", async () => {
  const run = start({ slowAfterMs: 1, maxGroups: 3 });
  run.add("a1");
  await run.settled();
  run.add("a2", "b1", "a3", "b2");
  await run.when(() => run.groups.length === 2);
  run.add("c1", "b3");
  await run.when(() => run.groups.length === 3);
  run.add("d1");
  await run.settled();
  expect(items(run)).toEqual(["a1", "b1 b2", "c1"]);
  run.groups[0]?.finish();
  await run.when(() => run.groups.length === 4);
  expect(items(run)[3]).toBe("a2 a3 d1");
});

test("N1: what must not be in a group twice is in the next one, and what follows it in its line as well", async () => {
  const run = start();
  run.add("a1", "a1", "a2", "b1");
  await run.settled();
  run.groups[0]?.finish();
  await run.settled();
  expect(items(run)).toEqual(["a1 b1", "a1 a2"]);
});

test("N1: more than may wait is refused at once, and what has waited too long as well", async () => {
  const run = start({ maxWaiting: 2, maxWaitMs: 5 });
  run.add("a1");
  await run.settled();
  run.add("a2", "b1", "b2");
  expect(run.refused).toEqual(["b2"]);
  await run.when(() => run.refused.length === 3);
  expect(run.refused).toEqual(["b2", "a2", "b1"]);
  run.groups[0]?.finish();
  run.add("a3");
  await run.settled();
  expect(items(run)).toEqual(["a1", "a3"]);
});
