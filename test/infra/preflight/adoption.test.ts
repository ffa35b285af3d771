/** What `adopt` may and may not do to the things of others, and what the operator's terminal gets to see of them. */
import { expect, test } from "@jest/globals";
import type Cloudflare from "cloudflare";
import { knownIdsOf, type Obstacle, PreflightError, preflight } from "../../../infra/preflight/index.ts";
import { allowWritesSoFar, api, obstaclesOf, setUp, site, start } from "./account-stage.ts";

const FIREWALL = "http_request_firewall_custom";
/** A plan that allows the rules of others beside those of the policy, however many these are. */
const ENTERPRISE = { zones: [{ name: "example.com", plan: "enterprise" }] } as const;
const theirRules = [
  { ref: "aa", expression: "ssl", action: "managed_challenge", description: "theirs" },
  { ref: "bb", expression: "not ssl", action: "block" },
];

async function createTheirs(cloudflare: Cloudflare, comment = "theirs"): Promise<void> {
  const zone_id = api.zoneId;
  const record = { type: "CNAME", name: "chat.example.com", content: "old.example.net", comment, ttl: 1 } as const;
  await cloudflare.dns.records.create({ zone_id, ...record });
  await writeRules(cloudflare, theirRules, comment);
}

async function writeRules(cloudflare: Cloudflare, rules: readonly object[], description = "theirs"): Promise<void> {
  const body = { name: "their rules", description, rules };
  await cloudflare.put(`/zones/${api.zoneId}/rulesets/phases/${FIREWALL}/entrypoint`, { body });
}

/** The message of the preflight that must fail, and what its line adopts. */
async function refusalOf(cloudflare: Cloudflare, of = site, known = {}) {
  const error: unknown = await preflight(cloudflare, of, known).catch((reason: unknown) => reason);
  if (!(error instanceof PreflightError)) throw new Error(`expected a refusal, got ${String(error)}`);
  const line = /^ {2}causeway:adopt: (.*)$/m.exec(error.message)?.[1] ?? "{}";
  return { message: error.message, line, adopt: JSON.parse(line) };
}

const codes = (obstacles: readonly Obstacle[]) => obstacles.map(({ code }) => code);

test("O11: a rule that others add or edit after the line was printed is not lost when the ruleset is adopted", async () => {
  const cloudflare = await start(ENTERPRISE);
  await setUp(() => createTheirs(cloudflare));
  const { adopt } = await refusalOf(cloudflare);
  expect((await preflight(cloudflare, { ...site, adopt }, {})).imports).toHaveProperty(FIREWALL);
  for (const last of [
    { ref: "cc", expression: 'http.host eq "x"', action: "block" },
    { ref: "bb", expression: "ssl", action: "block" },
  ]) {
    const edited = [...theirRules.slice(0, 1), last];
    await writeRules(cloudflare, edited);
    allowWritesSoFar();
    const [obstacle, ...others] = await obstaclesOf(cloudflare, { ...site, adopt });
    expect([obstacle?.code, others]).toEqual(["adopted_changed", []]);
    expect(obstacle?.found).toContain(last.ref);
    const again = await refusalOf(cloudflare, { ...site, adopt });
    expect(again.adopt.records).toEqual(adopt.records);
    expect(again.adopt.rulesets[FIREWALL].rules).toHaveLength(edited.length);
    await preflight(cloudflare, { ...site, adopt: again.adopt }, {});
  }
});

test("O12: the line that is printed keeps what the configuration adopts already", async () => {
  const cloudflare = await start();
  await setUp(() => createTheirs(cloudflare));
  const { adopt } = await refusalOf(cloudflare);
  const { adopt: completed } = await refusalOf(cloudflare, { ...site, adopt: { ...adopt, rulesets: {} } });
  expect(completed).toEqual(adopt);
});

test("O12: what was taken over from others does not become the stack's own when its line is removed", async () => {
  const cloudflare = await start(ENTERPRISE);
  const { id: tunnel = "" } = await cloudflare.zeroTrust.tunnels.cloudflared.create({
    account_id: api.accountId,
    name: "theirs",
    config_src: "cloudflare",
  });
  const body = { config: { ingress: [{ service: "http_status:404" }] } };
  await cloudflare.put(`/accounts/${api.accountId}/cfd_tunnel/${tunnel}/configurations`, { body });
  await setUp(() => createTheirs(cloudflare));
  const { adopt } = await refusalOf(cloudflare);
  const adopting = { ...site, adopt: { ...adopt, tunnel } };
  const { asFound } = await preflight(cloudflare, adopting, {});
  const ids = [
    ["Tunnel$cloudflare:index/zeroTrustTunnelCloudflared:ZeroTrustTunnelCloudflared::tunnel", tunnel],
    ["Dns$cloudflare:index/dnsRecord:DnsRecord::chat.example.com", adopt.records["chat.example.com"]],
    [`Rulesets$cloudflare:index/ruleset:Ruleset::${FIREWALL}`, adopt.rulesets[FIREWALL].id],
  ];
  const state = [
    ...ids.map(([name, id]) => ({ urn: `urn:pulumi:test::causeway::causeway:index:${name}`, id })),
    ...Object.entries(asFound).map(([name, kept]) => ({
      urn: `urn:pulumi:test::causeway::pulumi:index:Stash::${name}`,
      kept,
    })),
  ];
  const known = knownIdsOf(state);
  expect((await preflight(cloudflare, adopting, known)).imports).toEqual({});
  expect(codes(await obstaclesOf(cloudflare, site, known))).toEqual(Array(3).fill("adoption_removed"));
  const refusal = await refusalOf(cloudflare, site, known);
  expect(refusal.adopt).toEqual({ ...adopt, tunnel });
});

test("O11: comments, descriptions and names of others cannot write to the terminal", async () => {
  const cloudflare = await start();
  const hostile = "\u001b]0;title\u0007\u001b[2J\u009b31m\u202eend";
  await setUp(() => createTheirs(cloudflare, hostile));
  const { message, line, adopt } = await refusalOf(cloudflare);
  expect(message.replaceAll("\n", "")).not.toMatch(/[\p{Cc}\p{Cf}]/u);
  expect(message).toContain("?]0;title??[2J?31m?end");
  expect(adopt.rulesets[FIREWALL].description).toBe(hostile);
  expect(line).toContain("\\u009b31m\\u202e");
});
