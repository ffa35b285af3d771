import { expect, test } from "@jest/globals";
import { type ListKind, listProblems, readListItem } from "../../../../infra/rules/index.ts";

test.each<[ListKind, string | number, string | number]>([
  ["ip", "203.0.113.7", "203.0.113.7"],
  ["ip", "203.0.113.7/32", "203.0.113.7"],
  ["ip", "10.0.0.0/8", "10.0.0.0/8"],
  ["ip", "2001:DB8:0:0:0:0:0:1", "2001:db8::1"],
  ["ip", "2001:db8::1/128", "2001:db8::1"],
  ["ip", "2001:0db8:0000::/32", "2001:db8::/32"],
  ["ip", "2000::/12", "2000::/12"],
  ["hostname", "WWW.Example.com", "www.example.com"],
  ["hostname", "*.example.com", "*.example.com"],
  ["asn", 64496, 64496],
  ["asn", "4294967295", 4294967295],
])("A3: %s item %s is kept as %s", (kind, value, item) => {
  expect(readListItem(kind, value)).toEqual({ ok: true, item });
});

test.each<[ListKind, string | number, string, string | undefined]>([
  [
    "ip",
    "203.0.113.7/24",
    "bits set after its prefix",
    "write 203.0.113.0/24 for the network, or 203.0.113.7 for the one address",
  ],
  [
    "ip",
    "2001:DB8::1/32",
    "bits set after its prefix",
    "write 2001:db8::/32 for the network, or 2001:db8::1 for the one address",
  ],
  ["ip", "::ffff:192.0.2.1", "version 4 address written as version 6", "write 192.0.2.1"],
  ["ip", "::ffff:192.0.2.0/120", "version 4 address written as version 6", "write 192.0.2.0/24"],
  [
    "ip",
    "::ffff:0:0/64",
    "bits set after its prefix",
    "write ::/64 for the network, or ::ffff:0:0 for the one address",
  ],
  ["ip", "0.0.0.0/0", "a prefix of 0 bits: expected 8 to 32", undefined],
  ["ip", "::/11", "a prefix of 11 bits: expected 12 to 128", undefined],
  ["ip", "10/8", "not an address or a network", undefined],
  ["ip", "192.0.2.1..192.0.2.9", "not an address or a network", undefined],
  ["hostname", "localhost", "not a hostname", undefined],
  ["hostname", "a.*.example.com", "not a hostname", undefined],
  ["hostname", `${"a.".repeat(126)}example`, "not a hostname", undefined],
  ["asn", "AS64496", "not the number of an autonomous system", undefined],
  ["asn", 4294967296, "not the number of an autonomous system", undefined],
])("A3: %s item %s is refused: %s", (kind, value, message, hint) => {
  expect(readListItem(kind, value)).toEqual({
    ok: false,
    message: expect.stringContaining(message),
    ...(hint === undefined ? {} : { hint }),
  });
});

test("A3: kinds and numbers by plan, wrong and repeated items by their place, at most 20 of a list", () => {
  const codes = (problems: ReturnType<typeof listProblems>) =>
    problems.map(({ code, list = "", index = "" }) => `${code} ${list} ${index}`.trim());
  const one = { kind: "ip", items: ["192.0.2.1"] } as const;
  expect(listProblems({ office: one }, "free")).toEqual([]);
  expect(codes(listProblems({ office: one, second: one }, "free"))).toEqual(["list-count"]);
  expect(codes(listProblems({ "Office!": { kind: "asn", items: [1, "1", "x"] } }, "business"))).toEqual([
    "list-name Office!",
    "list-kind Office!",
    "list-repeated Office! 1",
    "list-item Office! 2",
  ]);
  const many = Array.from({ length: 25 }, () => "no.address");
  const wrong = listProblems({ office: { kind: "ip", items: many } }, "pro");
  expect(wrong).toHaveLength(21);
  expect(wrong.at(-1)?.message).toBe("5 more items are wrong");
  const numbers = (count: number) => Array.from({ length: count }, (_, index) => index);
  const names = (count: number) => Array.from({ length: count }, (_, index) => `n${index}.example.com`);
  expect(codes(listProblems({ a: { kind: "asn", items: numbers(30_001) } }, "enterprise"))).toEqual(["list-items"]);
  const lists = Object.fromEntries(numbers(41).map((n) => [`l${n}`, { kind: "hostname" as const, items: names(244) }]));
  expect(codes(listProblems(lists, "enterprise"))).toEqual(["list-count", "list-items"]);
});

test("A3: a network inside another one of the list is a warning", () => {
  const overlap = (...items: string[]) =>
    listProblems({ a: { kind: "ip", items } }, "pro").map(({ severity, message }) => `${severity}: ${message}`);
  expect(overlap("10.0.0.0/8", "10.0.0.0/16")).toEqual(["warning: 10.0.0.0 is within 10.0.0.0 to 10.255.255.255"]);
  expect(overlap("2001:db8::/32", "2001:db8::1")).toEqual([
    "warning: 2001:db8::1 is within 2001:db8:: to 2001:db8:ffff:ffff:ffff:ffff:ffff:ffff",
  ]);
  expect(overlap("10.0.0.0/8", "11.0.0.0/8", "2001:db8::1", "2001:db8::2")).toEqual([]);
});
