// Sets of addresses, wildcards and lists against the plainest thing that could work.
import { expect, test } from "@jest/globals";
import fc from "fast-check";
import { ipSet } from "../../../../infra/rules/evaluate/ip-set.ts";
import { wildcardMatcher } from "../../../../infra/rules/evaluate/match-wildcard.ts";
import { compileList, ListItemError, type ListSpec } from "../../../../infra/rules/index.ts";
import {
  compareIp,
  type IpAddress,
  type IpRange,
  mask,
  network,
  parseIp,
  printIp,
} from "../../../../infra/rules/language/ip-address.ts";

const word = fc.oneof(fc.nat(3), fc.integer({ min: 0, max: 0xffffffff }));
const ip4: fc.Arbitrary<IpAddress> = fc.oneof(fc.nat(300), fc.integer({ min: 0, max: 0xffffffff }));
const ip6: fc.Arbitrary<IpAddress> = fc.tuple(word, word, word, word);
const range = (ip: fc.Arbitrary<IpAddress>): fc.Arbitrary<IpRange> =>
  fc.tuple(ip, ip).map(([a, b]) => ((compareIp(a, b) ?? 0) <= 0 ? { first: a, last: b } : { first: b, last: a }));
const net = fc.oneof(
  fc.tuple(ip4, fc.integer({ min: 0, max: 32 })).map(([ip, length]) => network(mask(ip, length), length)),
  fc.tuple(ip6, fc.integer({ min: 0, max: 128 })).map(([ip, length]) => network(mask(ip, length), length)),
);

const within = (ip: IpAddress, { first, last }: IpRange) => {
  const [low, high] = [compareIp(first, ip), compareIp(ip, last)];
  return low !== undefined && high !== undefined && low <= 0 && high <= 0;
};

test("a set holds what one of its ranges holds", () => {
  const ranges = fc.array(
    fc.oneof(
      range(ip4),
      range(ip6),
      net.filter((one) => one !== undefined),
    ),
    { maxLength: 40 },
  );
  fc.assert(
    fc.property(ranges, fc.array(fc.oneof(ip4, ip6), { minLength: 1, maxLength: 20 }), (all, ips) => {
      const has = ipSet(all as IpRange[]);
      const edges = (all as IpRange[]).flatMap(({ first, last }) => [first, last]);
      for (const ip of [...ips, ...edges]) expect(has(ip)).toBe((all as IpRange[]).some((one) => within(ip, one)));
    }),
    { numRuns: 300 },
  );
});

test("many addresses of one block are sorted as well", () => {
  const items = Array.from({ length: 3000 }, (_, at) => `10.0.${(at * 7) % 12}.${(at * 131) % 256}`);
  const has = compileList({ kind: "ip", items: [...items, "192.0.2.0/24"] });
  for (const item of items) expect(has(parseIp(item) ?? 0)).toBe(true);
  expect(has(parseIp("10.0.13.1") ?? 0)).toBe(false);
  expect(has(parseIp("192.0.2.77") ?? 0)).toBe(true);
});

test("an address prints to one that parses to it", () => {
  fc.assert(fc.property(fc.oneof(ip4, ip6), (ip) => expect(parseIp(printIp(ip))).toEqual(ip)));
  fc.assert(fc.property(fc.oneof(fc.ipV4(), fc.ipV6()), (text) => expect(parseIp(text)).toBeDefined()));
  expect(["1:0:0:2:0:0:0:3", "::", "::1", "1::", "1:2:3:4:5:6:7:8"].map((ip) => printIp(parseIp(ip) ?? 0))).toEqual([
    "1:0:0:2::3",
    "::",
    "::1",
    "1::",
    "1:2:3:4:5:6:7:8",
  ]);
});

test.each([
  "",
  "1.2.3",
  "1.2.3.4.5",
  "01.2.3.4",
  "256.1.1.1",
  "1..2.3",
  "a.b.c.d",
  ":",
  ":::",
  "1::2::3",
  "12345::",
  "1:2:3:4:5:6:7",
  "1:2:3:4:5:6:7:8:9",
  "::1.2.3",
  "1.2.3.4::",
  "1:2:3:4:5:6:7:1.2.3.4",
  "fe80::1%eth0",
  "1:",
  "1:2:3:4:5:6:7:8::",
  "x::",
])("%j is no address", (text) => expect(parseIp(text)).toBeUndefined());

test("a wildcard matches as the regular expression it stands for", () => {
  const part = fc.constantFrom("a", "B", "/", "*", "?", "é", "\\*", "\\\\", ".");
  const pattern = fc
    .array(part, { maxLength: 6 })
    .map((parts) => parts.join(""))
    .filter((text) => !text.includes("**"));
  const value = fc
    .array(fc.constantFrom("a", "A", "b", "/", "*", "?", "é", "É", "\\", ".", "\n"), { maxLength: 8 })
    .map((parts) => parts.join(""));
  const source = (text: string) =>
    text.replace(/\\([*\\])|[*]|[.?+^$(){}|[\]\\/]/g, (found, escaped?: string) =>
      escaped ? `\\${escaped}` : found === "*" ? "[^]*" : `\\${found}`,
    );
  const fold = (text: string) => text.replace(/[A-Z]/g, (letter) => letter.toLowerCase());
  fc.assert(
    fc.property(pattern, value, (text, input) => {
      expect(wildcardMatcher(text, true)(input)).toBe(new RegExp(`^${source(text)}$`).test(input));
      expect(wildcardMatcher(text, false)(input)).toBe(new RegExp(`^${source(fold(text))}$`).test(fold(input)));
    }),
    { numRuns: 500 },
  );
});

test("lists of hostnames hold names and their children; lists of numbers hold numbers", () => {
  const hosts = compileList({ kind: "hostname", items: ["a.example", "*.b.example"] });
  expect(["a.example", "A.Example", "x.b.example", "y.x.b.example"].map(hosts)).toEqual([true, true, true, true]);
  expect(["b.example", "x.a.example", "xb.example", ""].map(hosts)).toEqual([false, false, false, false]);
  expect(compileList({ kind: "hostname", items: ["a"] })("x.a")).toBe(false);
  const asns = compileList({ kind: "asn", items: [13335, "64500"] });
  expect([13335, 64500, 1].map(asns)).toEqual([true, true, false]);
});

test.each<[ListSpec["kind"], string | number]>([
  ["ip", "x"],
  ["ip", "1.2.3.4/24"],
  ["ip", "1.2.3.4 5"],
  ["ip", "1.2.3.4/33"],
  ["ip", "1.2.3.4/5/6"],
  ["ip", "1.2.3.400"],
  ["ip", "01.2.3.4/x"],
  ["ip", 5.5],
  ["hostname", "a b"],
  ["hostname", "*"],
  ["asn", "x"],
  ["asn", -1],
])("a list of kind %s cannot hold %j", (kind, item) => {
  expect(() => compileList({ kind, items: [item] })).toThrow(ListItemError);
});

test.each([
  ["10/8", "10.9.9.9"],
  ["10", "10.0.0.0"],
  ["1.2.3", "1.2.3.0"],
  ["1.2", "1.2.0.0"],
  ["010", "10.0.0.0"],
  ["08", "8.0.0.0"],
  ["1.02.3", "1.2.3.0"],
  ["01.1.1.1", "1.1.1.1"],
  ["2001:db8::/32", "2001:db8::5"],
])("R2: a set that holds %s holds %s", (written, ip) => {
  const has = compileList({ kind: "ip", items: [written] });
  expect(has(parseIp(ip) ?? 0)).toBe(true);
  expect(["0.0.0.10", "1.2.0.3", "1.0.0.2", "0.0.0.8"].some((other) => has(parseIp(other) ?? 0))).toBe(false);
});
