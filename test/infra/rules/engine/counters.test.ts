import { describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import { type CounterLimit, CounterTable } from "../../../../infra/rules/engine/counters.ts";

const limit: CounterLimit = { period: 10_000, threshold: 10, timeout: 60_000, window: "fixed" };

function count(table: CounterTable, key: string, now: number, times: number): void {
  for (let time = 0; time < times; time += 1) table.add(key, now, 1);
}

describe("memory", () => {
  test("rotating addresses never exceed the capacity, and the heaviest keys stay", () => {
    const table = new CounterTable(limit, 1000);
    count(table, "near its limit", 0, 9);
    table.add("mitigated", 0, 1);
    table.mitigate("mitigated", 0);
    for (let address = 0; address < 50_000; address += 1) {
      table.add(`rotating ${address}`, 1, 1);
      if (table.size > 1000) throw new Error("over the capacity");
    }
    expect(table.rate("near its limit", 2)).toBe(9);
    expect(table.mitigatedUntil("mitigated", 2)).toBe(60_000);
    expect(table.rate("rotating 49999", 2)).toBe(1);
  });

  test("dead counters are swept long before the capacity", () => {
    const table = new CounterTable(limit, 1_000_000);
    for (let address = 0; address < 20_000; address += 1) table.add(`rotating ${address}`, address * 100, 1);
    expect(table.size).toBeLessThan(2_100);
  });

  test("when every key is mitigated, the oldest are removed", () => {
    const table = new CounterTable(limit, 100);
    for (let address = 0; address < 150; address += 1) table.mitigate(`key ${address}`, address);
    expect(table.size).toBeLessThanOrEqual(100);
    expect(table.mitigatedUntil("key 149", 200)).toBeDefined();
    expect(table.mitigatedUntil("key 0", 200)).toBeUndefined();
  });
});

test("a key that nobody counted has no rate, no mitigation and nothing to recover from", () => {
  const table = new CounterTable(limit);
  expect([table.rate("k", 0), table.mitigatedUntil("k", 0), table.recovery("k", 0), table.size]).toEqual([
    0,
    undefined,
    0,
    0,
  ]);
  table.mitigate("k", 5);
  expect(table.mitigatedUntil("k", 6)).toBe(60_005);
  table.reset("k");
  expect(table.size).toBe(0);
});

describe("time", () => {
  test("a clock that is set back neither prolongs a mitigation nor keeps an old count", () => {
    const table = new CounterTable(limit);
    count(table, "a", 1_000_000, 8);
    table.mitigate("b", 1_000_000);
    expect(table.rate("a", 500_000)).toBe(0);
    expect(table.mitigatedUntil("b", 500_000)).toBeUndefined();
  });

  test("a fixed window never counts more than what came within one period", () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 4000 }), { maxLength: 60 }), (gaps) => {
        const table = new CounterTable(limit);
        const times: number[] = [];
        let now = 0;
        for (const gap of gaps) {
          now += gap;
          times.push(now);
          table.add("k", now, 1);
          const within = times.filter((time) => time > now - limit.period).length;
          expect(table.rate("k", now)).toBeLessThanOrEqual(within);
          expect(table.rate("k", now)).toBeGreaterThanOrEqual(1);
        }
      }),
      { numRuns: 50 },
    );
  });

  test("the recovery is when one more request is allowed", () => {
    for (const window of ["fixed", "sliding"] as const) {
      fc.assert(
        fc.property(fc.array(fc.integer({ min: 0, max: 2500 }), { minLength: 1, maxLength: 60 }), (gaps) => {
          const table = new CounterTable({ ...limit, window });
          let now = 0;
          for (const gap of gaps) {
            now += gap;
            table.add("k", now, 1);
          }
          if (table.rate("k", now) <= limit.threshold) return;
          const recovery = table.recovery("k", now);
          expect(recovery).toBeGreaterThan(0);
          expect(table.rate("k", now + recovery)).toBeLessThanOrEqual(limit.threshold - 1 + 1e-6);
        }),
        { numRuns: 50 },
      );
    }
  });
});
