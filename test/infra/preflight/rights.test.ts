import { expect, test } from "@jest/globals";
import type Cloudflare from "cloudflare";
import { permissionGroups } from "../../../infra/local/api/index.ts";
import { policyFor, type Site } from "../../../infra/policy/index.ts";
import { findRights, neededPermissions, readAccount } from "../../../infra/preflight/for-commands.ts";
import { rulesetBody } from "../../../infra/resources/compile.ts";
import { api, client, site, start } from "./account-stage.ts";
import { OFFICE, withLists } from "./with-lists.ts";

const every: Site = {
  ...site,
  hostnames: ["chat.example.com", "chat.eu.example.com"],
  zoneSettings: { ssl: "strict" },
  access: {
    team: "causeway",
    applications: [
      {
        ...{ name: "admin", hostname: "chat.example.com", emails: ["ann@example.com"], emailDomains: [] },
        ...{ serviceTokens: ["ci"], session: "24h" },
      },
    ],
    serviceTokens: { ci: { duration: "48h" } },
  },
};
const policy = withLists([OFFICE], {}, every)("free");

async function rightsOf(cloudflare: Cloudflare, known = {}) {
  const found = await readAccount(client(), every);
  if ("obstacle" in found) throw new Error(found.obstacle.found);
  const rights = await findRights({ api: cloudflare, site: every, account: found.value.account, known }, policy);
  return Object.fromEntries(rights.map(({ name, state }) => [name, state]));
}

test("a token with every permission has all that can be shown, and nothing is written", async () => {
  const cloudflare = await start();
  const expected = {
    ...Object.fromEntries(neededPermissions(every, policy).map(({ name }) => [name, "has"])),
    "Cloudflare Tunnel Write": "not known",
    "Zone Settings Write": "not known",
    "Access: Apps and Policies Write": "not known",
    "Access: Service Tokens Write": "not known",
  };
  expect(await rightsOf(cloudflare)).toEqual(expected);
  const written = api.journal.filter(({ method, dryRun, status }) => method !== "GET" && !dryRun && status < 400);
  expect(written).toEqual([]);
  const zone = api.cloud.zoneOf("example.com");
  expect([zone?.rulesets, zone?.records, zone?.lists]).toEqual([[], [], {}]);
});

test("with a tunnel, the right to write tunnels is known", async () => {
  const cloudflare = await start();
  const { id } = await cloudflare.zeroTrust.tunnels.cloudflared.create({ account_id: api.accountId, name: "a" });
  expect((await rightsOf(cloudflare, { tunnel: id }))["Cloudflare Tunnel Write"]).toBe("has");
  const reader = client(api.issueToken(permissionGroups.filter((group) => group !== "Cloudflare Tunnel Write")));
  expect((await rightsOf(reader, { tunnel: id }))["Cloudflare Tunnel Write"]).toBe("missing");
  // deleted elsewhere, or the state of another account
  const gone = { tunnel: "00000000-0000-4000-8000-000000000000" };
  expect((await rightsOf(cloudflare, gone))["Cloudflare Tunnel Write"]).toBe("not known");
});

test.each(
  neededPermissions(every, policy)
    .map(({ name }) => name)
    .slice(1),
)("a token without %s, and with its reading half where that is another one, lacks it", async (name) => {
  await start();
  const withoutIt = client(api.issueToken(permissionGroups.filter((group) => group !== name && !isHalf(group, name))));
  expect((await rightsOf(withoutIt))[name]).toBe("missing");
});

/** What only a write shows is found missing where not even a read is allowed; a Write group includes its Read. */
function isHalf(group: string, name: string): boolean {
  const stem = name.replace(/ (Read|Write|Edit)$/, "");
  const onlyReadIsProbed = ["Cloudflare Tunnel", "Zone Settings", "SSL and Certificates"].includes(stem);
  return (onlyReadIsProbed || stem.startsWith("Access: ")) && group.startsWith(`${stem} `);
}

test("rules that are there are tried as they are, and what Cloudflare has against them is no missing right", async () => {
  const cloudflare = await start();
  for (const ruleset of policyFor(site, "free").rulesets) {
    await cloudflare.post(`/zones/${api.zoneId}/rulesets`, { body: rulesetBody(ruleset, site) });
  }
  const before = api.cloud.zoneOf("example.com")?.rulesets;
  api.faults.next({ method: "PUT", path: /dry_run=true/ }, { status: 400, code: 20127, message: "too long" });
  expect(await rightsOf(cloudflare)).toMatchObject({ "Zone WAF Write": "has", "Cache Settings Write": "has" });
  expect(api.journal.filter(({ dryRun }) => dryRun).map(({ method }) => method)).toEqual(["PUT", "PUT", "PUT", "PUT"]);
  expect(api.cloud.zoneOf("example.com")?.rulesets).toEqual(before);
});

test("a guest's token needs to read the owner's rules, and no other right in the zone shows that it may", async () => {
  await start();
  const guest: Site = { ...site, role: "guest" };
  const stateOf = async (cloudflare: Cloudflare) => {
    const found = await readAccount(client(), guest);
    if ("obstacle" in found) throw new Error(found.obstacle.found);
    const search = { api: cloudflare, site: guest, account: found.value.account, known: {} };
    const rights = await findRights(search, policyFor(guest, "free"));
    return rights.find(({ name }) => name === "Zone WAF Read")?.state;
  };
  expect(await stateOf(client(api.issueToken(["Zone Read", "Zone WAF Read"])))).toBe("has");
  expect(await stateOf(client(api.issueToken(["Zone Read", "Cache Settings Read"])))).toBe("missing");
});

test("an API that fails leaves a right unknown, with the reason", async () => {
  const cloudflare = await start();
  api.faults.next({ path: /dns_records/ }, { status: 500 }, 2);
  expect(await rightsOf(cloudflare)).toMatchObject({ "DNS Write": "not known", "Zone WAF Write": "has" });
});
