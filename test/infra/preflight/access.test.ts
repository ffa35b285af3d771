/** What preflight says of the account's Access. */
import { expect, test } from "@jest/globals";
import type { AccessApplication, Site } from "../../../infra/policy/index.ts";
import { applicationName, policyName, tokenName } from "../../../infra/policy/without-rules.ts";
import { findLeftBehind, preflight } from "../../../infra/preflight/index.ts";
import { allowWritesSoFar, api, client, obstaclesOf, site as sample, start } from "./account-stage.ts";

const admin: AccessApplication = {
  ...{ name: "admin", hostname: "admin.example.com", emails: ["ann@example.com"], emailDomains: [] },
  ...{ serviceTokens: ["ci"], session: "24h" },
};
const site: Site = {
  ...sample,
  hostnames: ["chat.example.com", "admin.example.com"],
  access: { team: "causeway", applications: [admin], serviceTokens: { ci: { duration: "8760h" } } },
};
const accessPath = (rest: string) => `/accounts/${api.accountId}/access/${rest}`;
const app = (name: string, domain: string) => ({ body: { name, type: "self_hosted", domain } });

test("an account with the team and nothing in the way", async () => {
  const cloudflare = await start();
  expect(await preflight(cloudflare, site, {})).toMatchObject({ warnings: [], imports: {} });
  // without `access` nothing of Access is read
  const before = api.journal.length;
  await preflight(cloudflare, sample, {});
  expect(api.journal.slice(before).filter(({ path }) => path.includes("/access/"))).toEqual([]);
});

test("another team is told, because no assertion of it would be accepted", async () => {
  const cloudflare = await start();
  const access = { ...site.access, team: "other" } as NonNullable<Site["access"]>;
  expect(await obstaclesOf(cloudflare, { ...site, access })).toMatchObject([
    { code: "access_team", found: expect.stringMatching(/causeway\.cloudflareaccess\.com.*other\.cloudflareaccess/) },
  ]);
});

test("an application of others at the same place is an obstacle, one that covers an open hostname a warning", async () => {
  const cloudflare = await start();
  await cloudflare.post(accessPath("apps"), app("theirs", "Admin.example.com/"));
  await cloudflare.post(accessPath("apps"), app("all", "*.example.com"));
  allowWritesSoFar();
  expect(await obstaclesOf(cloudflare, site)).toMatchObject([
    { code: "access_taken", found: expect.stringContaining('"theirs" for admin.example.com') },
  ]);
  const [theirs] = (await cloudflare.zeroTrust.access.applications.list({ account_id: api.accountId })).result;
  await cloudflare.delete(accessPath(`apps/${theirs?.id}`));
  const { warnings } = await preflight(cloudflare, site, {});
  expect(warnings).toEqual([expect.stringMatching(/"all" of others covers chat\.example\.com/)]);
});

test("an application of the stack under another name is an obstacle: the new one would be made before it goes", async () => {
  const cloudflare = await start();
  const { result: made } = await cloudflare.post<{ result: { id: string } }>(
    accessPath("apps"),
    app(applicationName(site, "admins"), "admin.example.com"),
  );
  allowWritesSoFar();
  expect(await obstaclesOf(cloudflare, site, { "access:app:admins": made.id })).toMatchObject([
    { code: "access_renamed", found: expect.stringContaining("admins"), fix: expect.stringContaining("another name") },
  ]);
});

test("an application that goes while its hostname stays opens it: an obstacle, until the run names the place", async () => {
  const cloudflare = await start();
  const made = async (name: string, domain: string) =>
    (await cloudflare.post<{ result: { id: string } }>(accessPath("apps"), app(applicationName(site, name), domain)))
      .result.id;
  const known = {
    "access:app:admin": await made("admin", "admin.example.com"),
    "access:app:api": await made("api", "chat.example.com/api/admin"),
  };
  allowWritesSoFar();
  const both: AccessApplication = { ...admin, name: "api", hostname: "chat.example.com", path: "/api/admin" };
  const withApps = (...applications: AccessApplication[]): Site => ({
    ...site,
    access: { team: "causeway", applications, serviceTokens: { ci: { duration: "8760h" } } },
  });
  const { access: _, ...without } = site;
  const code = "access_removed";
  expect(await obstaclesOf(cloudflare, without, known)).toMatchObject([
    { code, found: expect.stringContaining(" closes admin.example.com,") },
    {
      code,
      found: expect.stringContaining(" closes chat.example.com/api/admin,"),
      fix: expect.stringContaining("CAUSEWAY_OPENS=admin.example.com,chat.example.com/api/admin "),
    },
  ]);
  // one of two is named, and a part of a place is not the place
  for (const opens of [["chat.example.com/api/admin"], ["yes", "example.com", "chat.example.com/api/admin"]]) {
    expect(await obstaclesOf(cloudflare, without, known, { opens })).toMatchObject([
      { code, found: expect.stringContaining(" closes admin.example.com,") },
    ]);
  }
  const confirmed = { opens: ["Admin.example.com", "chat.example.com/api/admin/"] };
  expect((await preflight(cloudflare, without, known, confirmed)).warnings).toEqual([
    expect.stringContaining("does not protect admin.example.com any more"),
    expect.stringContaining("does not protect chat.example.com/api/admin any more"),
  ]);
  // one of them goes, or leaves its place for another path
  expect(await obstaclesOf(cloudflare, withApps(admin), known)).toMatchObject([{ code }]);
  expect(await obstaclesOf(cloudflare, withApps({ ...admin, path: "/part" }, both), known)).toMatchObject([
    { code, found: expect.stringContaining(" closes admin.example.com,") },
  ]);
  // both stay, others may enter; a wider application takes the place; the hostname goes too
  const wider: AccessApplication = { ...both, path: "/api" };
  const { path: __, ...whole } = both;
  for (const settings of [withApps({ ...admin, emailDomains: ["example.net"] }, both), withApps(admin, wider)]) {
    expect((await preflight(cloudflare, settings, known)).imports).toEqual({});
  }
  expect((await preflight(cloudflare, withApps(admin, whole), known)).imports).toEqual({});
  const gone: Site = { ...without, hostnames: ["www.example.com"] };
  expect((await preflight(cloudflare, gone, known)).warnings).toEqual([]);
});

test("without service tokens their permission is not needed", async () => {
  await start();
  const people = { ...admin, serviceTokens: [] };
  const without: Site = { ...site, access: { team: "causeway", applications: [people], serviceTokens: {} } };
  const token = api.issueToken([
    "Zone Read",
    "DNS Write",
    "Zone WAF Write",
    "Dynamic URL Redirects Write",
    "Cache Settings Write",
    "Cloudflare Tunnel Write",
    "Access: Apps and Policies Write",
    "Access: Organizations, Identity Providers, and Groups Read",
  ]);
  expect(await preflight(client(token), without, {})).toMatchObject({ imports: {} });
  expect(await obstaclesOf(client(token), site)).toMatchObject([
    { code: "permission", found: expect.stringContaining("service tokens of Access") },
  ]);
});

test("an account that denies by default is told, with the hostnames that would be blocked", async () => {
  const cloudflare = await start();
  await cloudflare.put(accessPath("organizations"), { body: { deny_unmatched_requests: true } });
  const { warnings } = await preflight(cloudflare, site, {});
  expect(warnings).toEqual([expect.stringMatching(/denies.*blocks chat\.example\.com\. Exempt the zone example\.com/)]);
  const body = { deny_unmatched_requests_exempted_zone_names: ["example.com"] };
  await cloudflare.put(accessPath("organizations"), { body });
  expect((await preflight(cloudflare, site, {})).warnings).toEqual([]);
});

test("what a killed run has left is imported, a token without its secret is not, and `down` finds all of it", async () => {
  const cloudflare = await start();
  const { result: made } = await cloudflare.post<{ result: { id: string } }>(
    accessPath("apps"),
    app(applicationName(site, "admin"), "admin.example.com"),
  );
  const policy = { name: policyName(site, "admin", "people"), decision: "allow", include: [{ everyone: {} }] };
  const { result: allowed } = await cloudflare.post<{ result: { id: string } }>(accessPath("policies"), {
    body: policy,
  });
  const prefix = `accounts/${api.accountId}/`;
  const imports = {
    "access:app:admin": `${prefix}${made.id}`,
    "access:policy:admin:people": `${api.accountId}/${allowed.id}`,
  };
  expect((await preflight(cloudflare, site, {})).imports).toEqual(imports);
  const known = { "access:app:admin": made.id, "access:policy:admin:people": allowed.id };
  expect((await preflight(cloudflare, site, known)).imports).toEqual({});
  const { result: token } = await cloudflare.post<{ result: { id: string } }>(accessPath("service_tokens"), {
    body: { name: tokenName(site, "ci") },
  });
  allowWritesSoFar();
  expect(await obstaclesOf(cloudflare, site)).toMatchObject([{ code: "access_token_left" }]);
  expect((await findLeftBehind(cloudflare, site, {})).map(({ kind, path }) => `${kind} ${path}`)).toEqual([
    `application ${accessPath(`apps/${made.id}`)}`,
    `policy ${accessPath(`policies/${allowed.id}`)}`,
    `service token ${accessPath(`service_tokens/${token.id}`)}`,
  ]);
});
