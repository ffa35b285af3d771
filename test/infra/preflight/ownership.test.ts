/** Whose something at Cloudflare is: by the state first, then by the mark, then by adoption. */
import { describe, expect, test } from "@jest/globals";
import type Cloudflare from "cloudflare";
import { accountMark } from "../../../infra/policy/index.ts";
import {
  findLeftBehind,
  type KnownIds,
  PreflightError,
  preflight,
  preflightToken,
} from "../../../infra/preflight/index.ts";
import { allowWritesSoFar, api, client, obstaclesOf, setUp, site, start } from "./account-stage.ts";

const mark = "causeway causeway/test";

/** One record, one ruleset and a tunnel that a stack made, with their ids in its state. */
async function deployed(cloudflare: Cloudflare) {
  const [zone_id, account_id] = [api.zoneId, api.accountId];
  const { id: tunnel = "" } = await cloudflare.zeroTrust.tunnels.cloudflared.create({
    account_id,
    name: `${mark} example.com`,
    config_src: "cloudflare",
  });
  await cloudflare.dns.records.create({
    zone_id,
    type: "CNAME",
    name: "chat.example.com",
    content: `${tunnel}.cfargotunnel.com`,
    comment: mark,
    proxied: true,
    ttl: 1,
  });
  const record = api.cloud.zoneOf("example.com")?.records[0]?.id ?? "";
  await cloudflare.rulesets.create({
    zone_id,
    kind: "zone",
    name: "causeway custom rules",
    description: mark,
    phase: FIREWALL,
    rules: [{ ref: "scanner_paths", expression: "ssl", action: "block" }],
  });
  const ruleset = api.cloud.zoneOf("example.com")?.rulesets[0]?.id ?? "";
  const known: KnownIds = { tunnel, "chat.example.com": record, [FIREWALL]: ruleset };
  return { known, tunnel, record, ruleset };
}
const FIREWALL = "http_request_firewall_custom";

test("P0: what is in the state is the stack's own whatever it looks like, and is neither offered nor imported", async () => {
  const cloudflare = await start();
  const { known, record, ruleset } = await deployed(cloudflare);
  await setUp(async () => {
    const zone_id = api.zoneId;
    for (const comment of ["edited in the dashboard", "causeway causeway/other"]) {
      await cloudflare.dns.records.edit(record, { zone_id, type: "CNAME", name: "chat.example.com", ttl: 1, comment });
      await cloudflare.rulesets.update(ruleset, {
        zone_id,
        kind: "zone",
        phase: FIREWALL,
        name: "causeway custom rules",
        description: comment,
        rules: [{ ref: "scanner_paths", expression: "ssl", action: "block" }],
      });
      expect((await preflight(cloudflare, site, known)).imports).toEqual({});
    }
  });
  // the line that earlier versions printed for it
  const adopted = { id: ruleset, name: "causeway custom rules", description: "edited in the dashboard" };
  const rules = [{ ref: "scanner_paths", expression: "ssl", action: "block" as const }];
  const adopt = { records: { "chat.example.com": record }, rulesets: { [FIREWALL]: { ...adopted, rules } } };
  expect((await preflight(cloudflare, { ...site, adopt }, known)).imports).toEqual({});
  // without the state the same objects are those of others
  const unknown = await obstaclesOf(cloudflare, site, {});
  expect(unknown.map(({ code }) => code)).toEqual(["another_stack", "another_stack"]);
});

test("P0: another thing in the place of what the state has is told, and not offered for adoption", async () => {
  const cloudflare = await start();
  const { known } = await deployed(cloudflare);
  const earlier = { ...known, "chat.example.com": "0".repeat(32), [FIREWALL]: "0".repeat(32) };
  allowWritesSoFar();
  const found = await obstaclesOf(cloudflare, site, earlier);
  expect(found.map(({ code, adopt }) => [code, adopt])).toEqual([
    ["replaced_elsewhere", undefined],
    ["replaced_elsewhere", undefined],
  ]);
  expect(new PreflightError(found).message).not.toContain("causeway:adopt");
});

test("O2: what the stack made and the state does not have is imported: records and rulesets by their mark", async () => {
  const cloudflare = await start();
  const { tunnel, record, ruleset } = await deployed(cloudflare);
  expect((await preflight(cloudflare, site, {})).imports).toEqual({
    tunnel: `${api.accountId}/${tunnel}`,
    "chat.example.com": `${api.zoneId}/${record}`,
    [FIREWALL]: `zones/${api.zoneId}/${ruleset}`,
  });
  // a component of the program is called `tunnel` too; it does not count as the record of this name
  const { imports } = await preflight(cloudflare, site, { "chat.example.com": record });
  expect(Object.keys(imports).sort()).toEqual([FIREWALL, "tunnel"]);
});

describe("O2: a tunnel of the stack's name that the state does not have", () => {
  const name = `${mark} example.com`;
  async function tunnel(cloudflare: Cloudflare, named: string, hostname?: string): Promise<string> {
    const account_id = api.accountId;
    const tunnels = cloudflare.zeroTrust.tunnels.cloudflared;
    const { id = "" } = await tunnels.create({ account_id, name: named, config_src: "cloudflare" });
    const ingress = [
      ...(hostname === undefined ? [] : [{ hostname, service: "http://127.0.0.1:3000" }]),
      { hostname: "", service: "http_status:404" },
    ];
    if (hostname !== undefined) await tunnels.configurations.update(id, { account_id, config: { ingress } });
    allowWritesSoFar();
    return id;
  }

  test("is the stack's own where it was never configured, or leads to the stack's hostname", async () => {
    for (const hostname of [undefined, "chat.example.com"]) {
      const cloudflare = await start();
      const id = await tunnel(cloudflare, name, hostname);
      expect((await preflight(cloudflare, site, {})).imports).toEqual({ tunnel: `${api.accountId}/${id}` });
      if (hostname === undefined) await api.close();
    }
  });

  test("is not where it leads to others or runs unconfigured: it is told and never taken", async () => {
    const cloudflare = await start();
    const id = await tunnel(cloudflare, name, "shop.example.com");
    expect(await obstaclesOf(cloudflare)).toMatchObject([
      {
        code: "tunnel_taken",
        found: expect.stringContaining("it leads to shop.example.com, which this stack does not"),
      },
    ]);
    await api.close();
    const other = await start();
    const running = await tunnel(other, name);
    const connection = { client_version: "1", colo_name: "x", origin_ip: "192.0.2.1", is_pending_reconnect: false };
    api.cloud.reportConnections(running, [{ ...connection, id, client_id: id, opened_at: new Date(0).toISOString() }]);
    expect(await obstaclesOf(other)).toMatchObject([
      { code: "tunnel_taken", found: expect.stringContaining("degraded") },
    ]);
  });

  test("is no obstacle where an earlier version's name has no zone: it is taken only where the hostname leads to it", async () => {
    const cloudflare = await start();
    await tunnel(cloudflare, mark, "chat.example.org");
    expect((await preflight(cloudflare, site, {})).imports).toEqual({});
    const account_id = api.accountId;
    const [{ id = "" } = {}] = (await cloudflare.zeroTrust.tunnels.cloudflared.list({ account_id })).result;
    await cloudflare.dns.records.create({
      zone_id: api.zoneId,
      type: "CNAME",
      name: "chat.example.com",
      content: `${id}.cfargotunnel.com`,
      comment: mark,
      proxied: true,
      ttl: 1,
    });
    expect((await preflight(cloudflare, site, {})).imports).toMatchObject({ tunnel: `${account_id}/${id}` });
  });
});

test("a tunnel of the state that was deleted elsewhere is told", async () => {
  const cloudflare = await start();
  const { known, tunnel } = await deployed(cloudflare);
  await setUp(() => cloudflare.zeroTrust.tunnels.cloudflared.delete(tunnel, { account_id: api.accountId }));
  expect(await obstaclesOf(cloudflare, site, known)).toEqual([
    {
      code: "tunnel_deleted",
      found: expect.stringContaining(`${tunnel} was deleted elsewhere (20`),
      fix: expect.stringContaining("npm run up"),
    },
  ]);
  const { account, imports } = await preflightToken(cloudflare, site);
  expect([account.zoneId, imports]).toEqual([api.zoneId, {}]);
});

test("O17: a token that may only read tunnels is told before the program reads the tunnel's token", async () => {
  const cloudflare = await start();
  const { known } = await deployed(cloudflare);
  allowWritesSoFar();
  const reader = api.issueToken([
    "Zone Read",
    "DNS Write",
    "Zone WAF Write",
    "Dynamic URL Redirects Write",
    "Cache Settings Write",
    "Cloudflare Tunnel Read",
  ]);
  expect(await obstaclesOf(client(reader), site, known)).toMatchObject([
    { code: "permission", fix: expect.stringContaining('"Cloudflare Tunnel Write"') },
  ]);
});

test.each([
  ["A", "192.0.2.1", /A record of the type A cannot be taken over.*CNAME.*delete it/],
  ["NS", "ns1.example.net", /delegated to other name servers.*choose another hostname/],
] as const)(
  "O18: a record of the type %s is not offered for adoption; it says what to do instead",
  async (type, content, fix) => {
    const cloudflare = await start();
    const record = { zone_id: api.zoneId, name: "chat.example.com", ttl: 1 as const };
    await setUp(() =>
      type === "A"
        ? cloudflare.dns.records.create({ ...record, type, content })
        : cloudflare.dns.records.create({ ...record, type, content }),
    );
    const found = await obstaclesOf(cloudflare);
    expect(found).toMatchObject([{ code: "record_taken", fix: expect.stringMatching(fix) }]);
    expect(new PreflightError(found).message).not.toMatch(/take it over|take over what/i);
  },
);

test("O2: what a run left behind is found for `down`: never what is in the state, adopted, or another's", async () => {
  const cloudflare = await start();
  const { known, tunnel, record, ruleset } = await deployed(cloudflare);
  expect(await findLeftBehind(cloudflare, site, known)).toEqual([]);
  const all = [
    { name: "chat.example.com", kind: "record", id: record, path: `/zones/${api.zoneId}/dns_records/${record}` },
    { name: FIREWALL, kind: "ruleset", id: ruleset, path: `/zones/${api.zoneId}/rulesets/${ruleset}` },
    { name: "tunnel", kind: "tunnel", id: tunnel, path: `/accounts/${api.accountId}/cfd_tunnel/${tunnel}` },
  ];
  expect(await findLeftBehind(cloudflare, site, {})).toEqual(all);
  const adopt = { records: { "chat.example.com": record }, rulesets: {} };
  expect(await findLeftBehind(cloudflare, { ...site, adopt }, {})).toEqual(all.slice(1));
  expect(await findLeftBehind(cloudflare, { ...site, stack: "other" }, {})).toEqual([]);
  api.faults.next({ path: /dns_records/ }, { status: 403, code: 10000 });
  await expect(findLeftBehind(cloudflare, site, {})).rejects.toThrow(/DNS Write/);
  for (const { path } of all) await cloudflare.delete(path);
  expect(await findLeftBehind(cloudflare, site, {})).toEqual([]);
  // F4: by its mark, whatever the policy names
  const made = { account_id: api.accountId, name: "office", kind: "ip" } as const;
  const { id } = await cloudflare.rules.lists.create({ ...made, description: `${accountMark(site)}: The office` });
  const path = `/accounts/${api.accountId}/rules/lists/${id}`;
  expect(await findLeftBehind(cloudflare, site, {})).toEqual([{ name: "list:office", kind: "list", id, path }]);
  expect(await findLeftBehind(cloudflare, site, { "list:office": id })).toEqual([]);
  expect(await findLeftBehind(cloudflare, { ...site, sharedLists: ["office"] }, {})).toEqual([]);
  api.faults.next({ path: /rules\/lists/ }, { status: 403, code: 10000 });
  expect(await findLeftBehind(cloudflare, site, {})).toEqual([]);
});
