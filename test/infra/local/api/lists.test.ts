import { expect, test } from "@jest/globals";
import type { LocalApi } from "../../../../infra/local/api/index.ts";
import { blockRule, callApi, customRules, sdk, withApi } from "./client.ts";

const enterprise = { seed: { zones: [{ name: "example.com", plan: "enterprise" as const }] } };
const office = { name: "office", kind: "ip", description: "who may see /admin" };
const base = (api: LocalApi) => `/accounts/${api.accountId}/rules/lists`;

/** The values and comments of a list, as the API shows them. */
async function itemsOf(api: LocalApi, id: string, query = ""): Promise<unknown[]> {
  const { body } = await callApi(api, "GET", `${base(api)}/${id}/items${query}`, undefined, api.token);
  const items = body.result as unknown as Record<string, unknown>[];
  return items.map(({ id: _id, created_on: _created, modified_on: _modified, ...content }) => content);
}

test("A3: a list is made, filled, changed and deleted as Cloudflare's SDK does it", () =>
  withApi(enterprise, async (api) => {
    const { lists } = sdk(api).rules;
    const account_id = api.accountId;
    const made = await lists.create({ account_id, name: "office", kind: "ip", description: "who may see /admin" });
    expect(made).toMatchObject({ name: "office", kind: "ip", num_items: 0, num_referencing_filters: 0 });
    const operation = await lists.items.update(made.id, {
      account_id,
      body: [{ ip: "203.0.113.7/32", comment: "Ada" }, { ip: "2001:DB8:0::/48" }],
    });
    const status = await lists.bulkOperations.get(operation.operation_id, { account_id });
    expect(status).toMatchObject({ status: "completed" });
    expect(await itemsOf(api, made.id)).toEqual([{ ip: "203.0.113.7", comment: "Ada" }, { ip: "2001:db8::/48" }]);

    const [first] = (await lists.items.list(made.id, { account_id })).result;
    await lists.items.create(made.id, { account_id, body: [{ ip: "198.51.100.0/24" }, { ip: "203.0.113.7" }] });
    expect(await itemsOf(api, made.id)).toEqual([
      { ip: "2001:db8::/48" },
      { ip: "198.51.100.0/24" },
      { ip: "203.0.113.7" },
    ]);
    const kept = await lists.items.get(first?.id ?? "", { account_id, list_id: made.id });
    expect(kept).toMatchObject({ id: first?.id, created_on: first?.created_on });
    await lists.items.delete(made.id, { account_id, items: [{ id: first?.id ?? "" }] });
    expect(await itemsOf(api, made.id)).toEqual([{ ip: "2001:db8::/48" }, { ip: "198.51.100.0/24" }]);
    expect(await lists.update(made.id, { account_id, description: "new" })).toMatchObject({
      description: "new",
      num_items: 2,
    });
    expect((await lists.list({ account_id })).result).toMatchObject([{ id: made.id }]);
    expect(await lists.delete(made.id, { account_id })).toEqual({ id: made.id });
    expect((await lists.list({ account_id })).result).toEqual([]);
  }));

test("A3: items are refused by their place, and nothing of the body is stored", () =>
  withApi(enterprise, async (api, call) => {
    const { id } = (await call("POST", base(api), office)).body.result;
    const put = (...ips: string[]) =>
      call(
        "PUT",
        `${base(api)}/${id}/items`,
        ips.map((ip) => ({ ip })),
      );
    const errorOf = async (...ips: string[]) => {
      const { status, body } = await put("192.0.2.1", ...ips);
      return [status, body.errors[0]?.code, body.errors[0]?.source, body.errors[0]?.message];
    };
    const at = { parameter_value_index: 1 };
    expect(await errorOf("192.0.2.1/32")).toEqual([
      400,
      10028,
      at,
      "invalid value for ip at position 1: filters.api.duplicate_item_value",
    ]);
    expect(await errorOf("203.0.113.7/24")).toEqual([
      400,
      10028,
      at,
      'invalid value for ip at position 1: "203.0.113.7/24" has bits set after its prefix; write 203.0.113.0/24 for the network, or 203.0.113.7 for the one address',
    ]);
    for (const wrong of ["10.0.0.0/7", "2001::/11", "example.com", "203.0.113", "::ffff:192.0.2.1"]) {
      expect(await errorOf(wrong)).toEqual([400, 10028, at, expect.stringContaining(wrong)]);
    }
    expect((await call("PUT", `${base(api)}/${id}/items`, [{ asn: 1 }])).body.errors[0]?.code).toBe(10026);
    expect(await itemsOf(api, id)).toEqual([]);
  }));

test("A3: names, kinds, numbers and rights are those of the plan and of the token", () =>
  withApi({ seed: { zones: [{ name: "example.com", plan: "free" }] } }, async (api, call) => {
    const post = async (body: object, token = api.token) => {
      const answer = await call("POST", base(api), body, token);
      return [answer.status, answer.body.errors[0]?.code];
    };
    expect(await post({ ...office, kind: "asn" })).toEqual([400, 50002]);
    expect(await post({ ...office, name: "Office-1" })).toEqual([400, 10026]);
    expect(await post({ ...office, kind: "redirect" })).toEqual([400, 10026]);
    expect(await post(office, api.issueToken(["Account Filter Lists Read"]))).toEqual([403, 10000]);
    expect(await post(office, api.issueToken(["Account Filter Lists Edit"]))).toEqual([200, undefined]);
    expect(await post(office)).toEqual([400, 10033]);
    expect(await post({ ...office, name: "second" })).toEqual([400, 50002]);

    const { result } = (await call("GET", base(api))).body as unknown as { result: { id: string }[] };
    const items = `${base(api)}/${result[0]?.id}/items`;
    const many = Array.from({ length: 10_001 }, (_, index) => ({ ip: `10.${index >> 8}.${index & 255}.1` }));
    const { operation_id } = (await call("PUT", items, many)).body.result;
    // another change has to wait until the operation has ended
    expect(await call("PUT", items, [])).toMatchObject({ status: 429, body: { errors: [{ code: 10040 }] } });
    const operation = `${base(api)}/bulk_operations/${operation_id}`;
    expect((await call("GET", operation)).body.result).toEqual({ id: operation_id, status: "pending" });
  }));

test("A3: a bulk operation that exceeds the plan fails and says why; pages follow a cursor", async () => {
  let now = Date.parse("2026-11-29T12:00:00Z");
  await withApi({ clock: () => now, seed: { zones: [{ name: "example.com" }] } }, async (api, call) => {
    const { id } = (await call("POST", base(api), office)).body.result;
    const items = `${base(api)}/${id}/items`;
    const many = Array.from({ length: 10_001 }, (_, index) => ({ ip: `10.${index >> 8}.${index & 255}.1` }));
    const failed = (await call("PUT", items, many)).body.result.operation_id;
    now += 1000;
    expect((await call("GET", `${base(api)}/bulk_operations/${failed}`)).body.result).toEqual({
      id: failed,
      status: "failed",
      completed: "2026-11-29T12:00:01.000Z",
      error: "Free allows 10000 items, these are 10001",
    });
    expect(await itemsOf(api, id)).toEqual([]);
    await call("PUT", items, many.slice(0, 1001));
    const pages = [];
    for (let query = "?per_page=500&search="; ; ) {
      const { body } = await call("GET", `${items}${query}`);
      pages.push((body.result as unknown as unknown[]).length);
      const cursors = body.result_info?.cursors as { after?: string } | undefined;
      if (cursors?.after === undefined) break;
      query = `?per_page=500&cursor=${cursors.after}`;
    }
    expect(pages).toEqual([500, 500, 1]);
  });
});

test("A3: a list that a rule names cannot be deleted, and says how many name it", () =>
  withApi(enterprise, async (api, call) => {
    const { id } = (await call("POST", base(api), office)).body.result;
    const rulesets = `/zones/${api.zoneId}/rulesets`;
    const named = { ...blockRule, expression: "not ip.src in $office and ssl" };
    const text = { ...blockRule, ref: "text", expression: 'http.request.uri.path eq "$office"' };
    const ruleset = (await call("POST", rulesets, customRules([named, text]))).body.result;
    expect((await call("GET", `${base(api)}/${id}`)).body.result.num_referencing_filters).toBe(1);
    expect(await call("DELETE", `${base(api)}/${id}`)).toMatchObject({
      status: 400,
      body: { errors: [{ code: 10031, message: "filters.api.ip_list_in_use" }] },
    });
    await call("PUT", `${rulesets}/${ruleset.id}`, { rules: [text] });
    expect((await call("DELETE", `${base(api)}/${id}`)).status).toBe(200);
    expect((await call("GET", `${base(api)}/${id}`)).status).toBe(404);
  }));

test("A3: the edge's view of a zone has the account's lists, and changes with them", () =>
  withApi(enterprise, async (api, call) => {
    const seen: string[] = [];
    api.cloud.onChange(({ kind, id }) => seen.push(`${kind} ${id}`));
    const { id } = (await call("POST", base(api), { name: "sites", kind: "hostname" })).body.result;
    const before = api.cloud.zoneOf("example.com");
    await call("PUT", `${base(api)}/${id}/items`, [{ hostname: { url_hostname: "*.Example.com" } }]);
    const after = api.cloud.zoneOf("example.com");
    expect(before?.lists).toEqual({ sites: { kind: "hostname", items: [] } });
    expect(after?.lists).toEqual({ sites: { kind: "hostname", items: ["*.example.com"] } });
    expect(after?.listsRevision).not.toBe(before?.listsRevision);
    expect(seen).toEqual([`zone ${api.zoneId}`, `zone ${api.zoneId}`]);
  }));
