/** Owner and guests of one zone: what preflight reads of the zone's records and rules. */
import { expect, test } from "@jest/globals";
import type Cloudflare from "cloudflare";
import { ownerMark, policyFor, type Site } from "../../../infra/policy/index.ts";
import { findLeftBehind, preflight } from "../../../infra/preflight/index.ts";
import { rulesetBody } from "../../../infra/resources/compile.ts";
import { allowWritesSoFar, api, client, obstaclesOf, site, start } from "./account-stage.ts";

const owner: Site = { ...site, stack: "prod", guests: ["staging.example.com", "dev-*.example.com"] };
const guest: Site = { ...site, stack: "staging", role: "guest", hostnames: ["staging.example.com"] };

/** The rulesets of an owner as its run deploys them. */
async function deploy(cloudflare: Cloudflare, of: Site = owner): Promise<void> {
  for (const ruleset of policyFor(of, "free").rulesets) {
    await cloudflare.post(`/zones/${api.zoneId}/rulesets`, { body: rulesetBody(ruleset, of) });
  }
  allowWritesSoFar();
}

async function record(cloudflare: Cloudflare, name: string, comment?: string): Promise<void> {
  await cloudflare.dns.records.create({
    zone_id: api.zoneId,
    type: "A",
    name,
    content: "192.0.2.1",
    ttl: 1,
    ...(comment !== undefined && { comment }),
  });
  allowWritesSoFar();
}

test("a guest that the owner names is cleared: no rules, no dry run, and a token that may not write rules is enough", async () => {
  const cloudflare = await start();
  await deploy(cloudflare);
  const token = api.issueToken(["Zone Read", "DNS Write", "Zone WAF Read", "Cloudflare Tunnel Write"]);
  const from = api.journal.length;
  for (const hostname of ["staging.example.com", "dev-a.example.com"] as const) {
    const { policy, imports, warnings } = await preflight(client(token), { ...guest, hostnames: [hostname] }, {});
    expect([policy.rulesets, imports, warnings]).toEqual([[], {}, []]);
  }
  expect(api.journal.slice(from).filter(({ method }) => method !== "GET")).toEqual([]);
  const blind = client(api.issueToken(["Zone Read", "DNS Write", "Cloudflare Tunnel Write"]));
  expect(await obstaclesOf(blind, guest)).toMatchObject([
    { code: "permission", fix: expect.stringContaining('"Zone WAF Read"') },
  ]);
});

test("what an interrupted run of a guest left is found by a token that may not read the owner's rules", async () => {
  const cloudflare = await start();
  await deploy(cloudflare);
  await cloudflare.dns.records.create({
    zone_id: api.zoneId,
    type: "CNAME",
    name: "staging.example.com",
    content: "6f2b1c1e-0000-4000-8000-000000000001.cfargotunnel.com",
    comment: ownerMark(guest),
    proxied: true,
    ttl: 1,
  });
  allowWritesSoFar();
  const token = api.issueToken(["Zone Read", "DNS Write", "Zone WAF Read", "Cloudflare Tunnel Write"]);
  const found = await findLeftBehind(client(token), guest, {});
  expect(found.map(({ kind, name }) => `${kind} ${name}`)).toEqual(["record staging.example.com"]);
});

test("a guest that the owner does not name is told what to add, and where", async () => {
  const cloudflare = await start();
  await deploy(cloudflare);
  const hostnames = ["staging.example.com", "test.example.com", "dev-a.b.example.com"] as const;
  const certified = (codes: readonly { code: string }[]) => codes.filter(({ code }) => code !== "certificate_missing");
  expect(certified(await obstaclesOf(cloudflare, { ...guest, hostnames }))).toEqual([
    {
      code: "guest_not_named",
      found: expect.stringMatching(
        /^the custom rules of the zone example\.com do not bind test\.example\.com, dev-a\.b\.example\.com$/,
      ),
      fix: expect.stringMatching(
        /^Add "test\.example\.com","dev-a\.b\.example\.com" to `causeway:guests` of the stack causeway\/prod, run `npm run up -- --stack prod`/,
      ),
    },
  ]);
});

test("a guest without an owner is told, also where the rules are its own or were made by hand", async () => {
  const cloudflare = await start();
  expect(await obstaclesOf(cloudflare, guest)).toMatchObject([{ code: "guest_without_owner" }]);
  await deploy(cloudflare, { ...owner, stack: "staging" });
  expect(await obstaclesOf(cloudflare, guest)).toMatchObject([{ code: "guest_without_owner" }]);
  await api.close();
  const other = await start();
  await other.rulesets.create({
    zone_id: api.zoneId,
    kind: "zone",
    name: "default",
    phase: "http_request_firewall_custom",
    rules: [
      { expression: 'http.host eq "staging.example.com" and ip.src ne 192.0.2.7', action: "block" },
      { expression: "not ssl", action: "block" },
    ],
  });
  allowWritesSoFar();
  expect(await obstaclesOf(other, guest)).toMatchObject([
    { code: "guest_not_named", fix: expect.stringContaining("of the stack that owns them, run") },
  ]);
});

test("a second owner is told that it can be a guest", async () => {
  const cloudflare = await start();
  await deploy(cloudflare);
  const found = await obstaclesOf(cloudflare, { ...guest, role: "owner" });
  expect(new Set(found.map(({ code }) => code))).toEqual(new Set(["another_stack"]));
  expect(found[0]?.fix).toMatch(
    /^To run beside that stack, make this one a guest of the zone: `causeway:role: guest`\./,
  );
});

test("a pattern that covers a record of others stops the owner, with the record named; a guest's record does not", async () => {
  const cloudflare = await start();
  await record(cloudflare, "dev-a.example.com", ownerMark(guest));
  await record(cloudflare, "dev-b.c.example.com");
  await record(cloudflare, "dev.example.com");
  const text = { type: "TXT", name: "dev-proof.example.com", content: '"no request reaches it"', ttl: 1 } as const;
  await cloudflare.dns.records.create({ zone_id: api.zoneId, ...text });
  expect((await preflight(cloudflare, owner, {})).warnings).toEqual([]);
  await record(cloudflare, "dev-shop.example.com", "the shop");
  const [found, ...more] = await obstaclesOf(cloudflare, owner);
  expect(more).toEqual([]);
  expect(found).toMatchObject({
    code: "guest_pattern_taken",
    found: expect.stringMatching(/^the pattern dev-\*\.example\.com .*: A dev-shop\.example\.com \([0-9a-f]{32}\)$/),
  });
  // without guests, or with one that is named as it is, no record of others is in the way
  for (const guests of [undefined, ["staging.example.com"]] as const) {
    const { guests: _, ...without } = owner;
    await preflight(cloudflare, guests === undefined ? without : { ...owner, guests }, {});
  }
});

test("a wildcard record of others is covered by every pattern below its domain", async () => {
  const cloudflare = await start();
  await record(cloudflare, "*.example.com");
  expect(await obstaclesOf(cloudflare, { ...owner, guests: ["*.dev.example.com"] })).toHaveLength(1);
  expect(await obstaclesOf(cloudflare, owner)).toMatchObject([{ found: expect.stringContaining("A *.example.com (") }]);
  await api.close();
  const other = await start();
  await record(other, "*.dev.example.com");
  await preflight(other, owner, {});
});

test("of many records that a pattern covers, the first five are named and the rest counted", async () => {
  const cloudflare = await start();
  for (let n = 1; n <= 7; n += 1) await record(cloudflare, `dev-${n}.example.com`);
  expect(await obstaclesOf(cloudflare, owner)).toMatchObject([{ found: expect.stringMatching(/ and 2 more$/) }]);
});

test("the owner is warned of a named hostname with a record of others, and of a stack that it does not name", async () => {
  const cloudflare = await start();
  await record(cloudflare, "staging.example.com", "by hand");
  await record(cloudflare, "test.example.com", "causeway causeway/test2");
  expect((await preflight(cloudflare, owner, {})).warnings).toEqual([
    expect.stringMatching(/names staging\.example\.com, which has a record of no stack/),
    "test.example.com is a hostname of the stack causeway/test2, and `causeway:guests` does not name it: no rule binds it.",
  ]);
});

test("an owner that names no guest any more is warned of the hostnames of other stacks", async () => {
  const cloudflare = await start();
  await record(cloudflare, "staging.example.com", "causeway causeway/staging");
  await record(cloudflare, "www.example.com");
  const { guests: _, ...alone } = owner;
  expect((await preflight(cloudflare, alone, {})).warnings).toEqual([
    "staging.example.com is a hostname of the stack causeway/staging, and `causeway:guests` does not name it: no rule binds it.",
  ]);
});
