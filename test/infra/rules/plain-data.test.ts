// F9: data from behind a cast is copied once, or refused with its place; nothing of it can throw later.
import { describe, expect, test } from "@jest/globals";
import { plainData, thrownText } from "../../../infra/rules/index.ts";

class Rule {
  readonly ref = "a";
}
const cyclic: unknown[] = [];
cyclic.push({ again: cyclic });
const nested = (depth: number): unknown => (depth === 0 ? 1 : [nested(depth - 1)]);
const throwing = new Proxy(
  {},
  {
    ownKeys: () => {
      throw new Error("no");
    },
  },
);

test("F9: plain data is copied, and later changes of it are not seen", () => {
  const data = { a: [1, "b", { c: null }], d: undefined, e: 5n, f: true };
  const copied = plainData(data);
  expect(copied).toEqual({ ok: true, value: data });
  data.a.push("more");
  expect(copied).toMatchObject({ value: { a: [1, "b", { c: null }] } });
  expect(plainData(Object.assign(Object.create(null), { a: 1 }))).toEqual({ ok: true, value: { a: 1 } });
  expect(plainData({ map: new Map([["a", ["b"]]]) })).toEqual({ ok: true, value: { map: { a: ["b"] } } });
  const shared = { a: 1 };
  expect(plainData([shared, shared])).toEqual({ ok: true, value: [shared, shared] });
  expect(plainData(nested(32))).toMatchObject({ ok: true });
});

test("F9: a member called __proto__ stays a member", () => {
  const copied = plainData(JSON.parse('{"__proto__":{"a":1}}'));
  expect(copied.ok && JSON.stringify(copied.value)).toBe('{"__proto__":{"a":1}}');
});

describe("F9: what is no plain data is refused with its place", () => {
  test.each<[string, unknown, string, string]>([
    [
      "a getter",
      {
        a: [
          {
            get b() {
              return 1;
            },
          },
        ],
      },
      "/a/0/b",
      "a getter",
    ],
    ["a hole", { match: new Array(2) }, "/match/0", "got nothing"],
    ["an endless list", new Array(4_000_000_000), "/0", "got nothing"],
    ["nothing in a list", [1, undefined], "/1", "got nothing"],
    ["a function", { toJSON: () => 1 }, "/toJSON", "a function"],
    ["a symbol", [Symbol("a")], "/0", "a symbol"],
    ["an instance", { rule: new Rule() }, "/rule", "instance of a class"],
    ["inherited members", Object.create({ when: 5 }), "", "inherits members"],
    ["a promise", Promise.resolve(1), "", "promise"],
    ["what holds itself", { a: cyclic }, "/a/0/again", "holds itself"],
    ["what is deep", nested(33), "/0".repeat(32), "at most 32"],
    ["no number", { a: Number.NaN }, "/a", "got NaN"],
    ["a key that is no text", new Map([[1, 2]]), "", "string as key"],
    ["what throws", { a: throwing }, "/a", "throws when it is read"],
    ["what is large", new Array(1_000_001).fill(0), "/999999", "at most 1000000"],
  ])("%s", (_, value, pointer, message) => {
    expect(plainData(value)).toEqual({ ok: false, pointer, message: expect.stringContaining(message) });
  });
});

test("F9: whatever is thrown has a text", () => {
  expect(thrownText(new Error("a"))).toBe("a");
  expect(thrownText("b")).toBe("b");
  expect(thrownText(null)).toBe("null");
  expect(thrownText(undefined)).toBe("nothing");
  expect(thrownText({ message: 5 })).toBe("[object Object]");
  expect(thrownText(Object.create(null))).toBe("an object");
});
