/** cloudflare.List of our provider against the local API. */
import { expect, test } from "@jest/globals";
import { createProvider, type ResourceType } from "../../../../infra/local/provider/index.ts";
import { withApi } from "../api/client.ts";

type ListTest = { list: ResourceType; accountId: string; waits: number[] };

const withList = (use: (stage: ListTest & { call: Call }) => Promise<void>) => {
  let now = Date.parse("2026-11-29T12:00:00Z");
  return withApi({ clock: () => now, seed: { zones: [{ name: "example.com" }] } }, async (api, call) => {
    const waits: number[] = [];
    const wait = async (milliseconds: number) => {
      waits.push(milliseconds);
      now += milliseconds;
    };
    const list = createProvider({ apiToken: api.token, baseURL: api.url, wait }).resource("cloudflare:index/list:List");
    if (list === undefined) throw new Error("there are no lists");
    await use({ list, accountId: api.accountId, waits, call });
  });
};
type Call = Parameters<Parameters<typeof withApi>[1]>[1];

const inputs = (accountId: string, items: readonly object[]) => ({
  accountId,
  kind: "ip",
  name: "office",
  description: "causeway causeway/dev: office",
  items,
});
const addresses = (count: number) =>
  Array.from({ length: count }, (_, index) => ({ ip: `10.${index >> 8}.${index & 255}.1` }));

test("A3: a bulk operation is waited for, and more items than a page are read back", () =>
  withList(async ({ list, accountId, waits }) => {
    const given = inputs(accountId, addresses(1200));
    const { id, outputs } = await list.create(given);
    expect([waits, outputs.numItems]).toEqual([[1000], 1200]);
    const read = await list.read(`${accountId}/${id}`);
    expect(read?.inputs).toEqual(given);
    expect(list.diff(id, read?.inputs ?? {}, { ...given, items: given.items.toReversed() }).changed).toEqual([]);
    const fewer = { ...given, items: given.items.slice(1) };
    expect(list.diff(id, given, fewer).changed).toEqual(["items"]);
    expect(list.diff(id, given, { ...given, kind: "asn" }).replaces).toEqual(["kind"]);
  }));

test("A3: an item that the API refuses is named, also where the bulk operation fails later", () =>
  withList(async ({ list, accountId, call }) => {
    const wrong = [{ ip: "192.0.2.1" }, { ip: "192.0.2.2/24", comment: "Ada" }];
    await expect(list.create(inputs(accountId, wrong))).rejects.toMatchObject({
      code: "API_REFUSED",
      apiCodes: [10028],
      message: expect.stringMatching(/\nRefused is item 2 of the list office: {"comment":"Ada","ip":"192.0.2.2\/24"}$/),
    });
    // the list itself is there: the next run finds it by its mark
    const path = `/accounts/${accountId}/rules/lists`;
    const [made] = (await call("GET", path)).body.result as unknown as { id: string }[];
    const before = inputs(accountId, []);
    await expect(list.update(made?.id ?? "", before, inputs(accountId, addresses(10_001)))).rejects.toThrow(
      /the items of the list office were not written, bulk operation [0-9a-f]{32} failed: Free allows 10000 items, these are 10001/,
    );
  }));
