/** Access by the API: applications, reusable policies, service tokens and the organization. */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "@jest/globals";
import { accessOf } from "../../../../infra/local/api/access/account.ts";
import { startApi } from "../../../../infra/local/api/index.ts";
import { readState } from "../../../../infra/local/api/state-file.ts";
import { type Reply, sdk, withApi } from "./client.ts";

const seed = { zones: [{ name: "example.com" }] };
const HOUR_MS = 3_600_000;
const AT = Date.parse("2026-11-30T00:00:00Z");
const STAFF = { name: "staff", decision: "allow", include: [{ email_domain: { domain: "example.com" } }] };

const problems = ({ status, body }: Reply) => [status, body.errors.map(({ message }) => message).join("; ")];

test("a policy and an application are made, read, listed, changed and deleted by the SDK", async () => {
  await withApi({ seed }, async (api) => {
    const { policies, applications } = sdk(api).zeroTrust.access;
    const account = { account_id: api.accountId };
    const policy = await policies.create({
      ...account,
      name: "staff",
      decision: "allow",
      include: [{ email_domain: { domain: "example.com" } }],
      require: [{ ip: { ip: "192.0.2.0/24" } }],
      session_duration: "6h",
    });
    expect(policy).toMatchObject({ decision: "allow", exclude: [], reusable: true, app_count: 0 });
    const id = policy.id ?? "";
    const asked = {
      ...account,
      type: "self_hosted" as const,
      name: "admin",
      domain: "admin.example.com/panel",
      policies: [{ id, precedence: 1 }],
    };
    const app = await applications.create(asked);
    expect(app).toMatchObject({
      name: "admin",
      type: "self_hosted",
      domain: "admin.example.com/panel",
      self_hosted_domains: ["admin.example.com/panel"],
      destinations: [{ type: "public", uri: "admin.example.com/panel" }],
      aud: expect.stringMatching(/^[0-9a-f]{64}$/),
      // what Cloudflare fills in
      session_duration: "24h",
      app_launcher_visible: true,
      http_only_cookie_attribute: true,
      enable_binding_cookie: false,
      allowed_idps: [],
      policies: [{ id, precedence: 1, name: "staff", decision: "allow" }],
    });
    expect((await policies.get(id, account)).app_count).toBe(1);
    const { aud } = app as { aud: string };
    const appId = app.id ?? "";
    expect(await applications.get(appId, account)).toEqual(app);
    const listed = [];
    for await (const one of applications.list({ ...account, name: "admin" })) listed.push(one.id);
    expect(listed).toEqual([appId]);

    const changed = await applications.update(appId, { ...asked, session_duration: "30m", policies: [] });
    expect(changed).toMatchObject({ id: appId, aud, session_duration: "30m", policies: [] });
    const renamed = await policies.update(id, {
      ...account,
      name: "all",
      decision: "deny",
      include: [{ everyone: {} }],
    });
    expect(renamed).toMatchObject({ id, name: "all", decision: "deny", require: [], session_duration: null });

    expect(await applications.delete(appId, account)).toEqual({ id: appId });
    await expect(applications.get(appId, account)).rejects.toMatchObject({ status: 404 });
    expect(await policies.delete(id, account)).toEqual({ id });
    const left = [];
    for await (const one of policies.list(account)) left.push(one.id);
    expect(left).toEqual([]);
  });
});

describe("a service token", () => {
  test("shows its secret when it is made and when it is rotated, and never again", async () => {
    const folder = mkdtempSync(join(tmpdir(), "access-"));
    const file = join(folder, "cloudflare.json");
    let now = AT;
    try {
      await withApi({ seed, file, clock: () => now }, async (api) => {
        const { serviceTokens } = sdk(api).zeroTrust.access;
        const account = { account_id: api.accountId };
        const made = await serviceTokens.create({ ...account, name: "ci", duration: "48h" });
        expect(made).toMatchObject({
          client_id: expect.stringMatching(/^[0-9a-f]{32}\.access$/),
          client_secret: expect.stringMatching(/^cfast_[A-Za-z0-9]{40}[0-9a-f]{8}$/),
          client_secret_version: 1,
          enabled: true,
          expires_at: "2026-12-02T00:00:00.000Z",
        });
        const id = made.id ?? "";
        const read = await serviceTokens.get(id, account);
        const { client_secret: first, ...rest } = made;
        expect(read).toEqual(rest);

        const until = "2026-11-30T02:00:00Z";
        const rotated = await serviceTokens.rotate(id, { ...account, previous_client_secret_expires_at: until });
        expect(rotated).toMatchObject({
          client_id: made.client_id,
          client_secret_version: 2,
          previous_client_secret_expires_at: until,
        });
        expect(rotated.client_secret).not.toBe(first);
        // the grace time may end earlier or later without another secret
        const earlier = "2026-11-30T01:00:00+01:00";
        const moved = await serviceTokens.update(id, { ...account, previous_client_secret_expires_at: earlier });
        expect(moved).toMatchObject({
          client_secret_version: 2,
          previous_client_secret_expires_at: earlier,
        });
        expect(moved).not.toHaveProperty("client_secret");
        const third = await serviceTokens.update(id, { ...account, client_secret_version: 3 });
        expect(third).toMatchObject({ client_secret_version: 3, client_secret: expect.stringMatching(/^cfast_/) });
        await expect(serviceTokens.update(id, { ...account, client_secret_version: 2 })).rejects.toMatchObject({
          status: 400,
        });

        now = AT + HOUR_MS;
        expect(await serviceTokens.refresh(id, account)).toMatchObject({ expires_at: "2027-11-30T01:00:00.000Z" });
        const longer = await serviceTokens.update(id, { ...account, duration: "forever", enabled: false });
        expect(longer).toMatchObject({ duration: "forever", enabled: false });
        expect(longer).not.toHaveProperty("expires_at");
        const text = readFileSync(file, "utf8") + JSON.stringify(api.journal);
        for (const secret of [first, rotated.client_secret, (third as { client_secret?: string }).client_secret])
          expect(text).not.toContain(secret);
        await serviceTokens.delete(id, account);
        await expect(serviceTokens.get(id, account)).rejects.toMatchObject({ status: 404 });
      });
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  test("keeps its name to itself, and an account has at most 50", async () => {
    await withApi({ seed }, async (api, call) => {
      const tokens = `/accounts/${api.accountId}/access/service_tokens`;
      for (let index = 0; index < 50; index += 1) await call("POST", tokens, { name: `t${index}` });
      expect(problems(await call("POST", tokens, { name: "t0" }))).toEqual([409, expect.stringContaining("t0")]);
      expect(problems(await call("POST", tokens, { name: "t50" }))).toEqual([
        400,
        expect.stringContaining("at most 50"),
      ]);
    });
  });
});

test("the organization has a team's domain, can deny what has no application, and has one way to sign in", async () => {
  await withApi({ seed: { ...seed, account: { name: "Acme & Sons" } } }, async (api, call) => {
    const account = { account_id: api.accountId };
    const { zeroTrust } = sdk(api);
    const before = await zeroTrust.organizations.list(account);
    expect(before).toMatchObject({
      auth_domain: "acme-sons.cloudflareaccess.com",
      deny_unmatched_requests: false,
      strict_service_token_auth: true,
      session_duration: "24h",
    });
    const after = await zeroTrust.organizations.update({ ...account, deny_unmatched_requests: true });
    expect(after).toMatchObject({ auth_domain: before.auth_domain, deny_unmatched_requests: true });
    const path = `/accounts/${api.accountId}/access/organizations`;
    const weaker = await call("PATCH", path, { strict_service_token_auth: false });
    expect(problems(weaker)).toEqual([400, expect.stringContaining("cannot be turned off")]);
    const providers = [];
    for await (const one of zeroTrust.identityProviders.list(account)) providers.push(one.type);
    expect(providers).toEqual(["onetimepin"]);
  });
});

test.each([
  ["an empty include", "policies", { ...STAFF, include: [] }, "/include"],
  ["an unknown selector", "policies", { ...STAFF, include: [{ geo: { country_code: "DE" } }] }, "/include/0"],
  ["two selectors in one", "policies", { ...STAFF, include: [{ everyone: {}, ip: { ip: "::1" } }] }, "/include/0"],
  ["an address in a bypass", "policies", { ...STAFF, decision: "bypass" }, "/include/0/email_domain"],
  ["a service token for people", "policies", { ...STAFF, require: [{ any_valid_service_token: {} }] }, "/require/0"],
  ["a wrong network", "policies", { ...STAFF, exclude: [{ ip: { ip: "192.0.2.0/33" } }] }, "/exclude/0/ip"],
  ["no destination", "apps", { name: "a", type: "self_hosted" }, "/destinations"],
  ["a wildcard twice", "apps", { name: "a", type: "self_hosted", domain: "a*b*c.example.com" }, "/domain"],
  ["a port", "apps", { name: "a", type: "self_hosted", domain: "a.example.com:8080" }, "/domain"],
  ["a query", "apps", { name: "a", type: "self_hosted", domain: "a.example.com/x?y" }, "/domain"],
  ["another zone", "apps", { name: "a", type: "self_hosted", domain: "a.example.net" }, "/destinations/0"],
  [
    "an unknown policy",
    "apps",
    {
      name: "a",
      type: "self_hosted",
      domain: "example.com",
      policies: [{ id: "00000000-0000-4000-8000-000000000000" }],
    },
    "/policies/0/id",
  ],
  ["another type", "apps", { name: "a", type: "saas" }, "/type"],
  [
    "a session of a year",
    "apps",
    { name: "a", type: "self_hosted", domain: "example.com", session_duration: "8760h" },
    "/session_duration",
  ],
  [
    "what is not imitated",
    "apps",
    { name: "a", type: "self_hosted", domain: "example.com", enable_binding_cookie: true },
    "/enable_binding_cookie",
  ],
  [
    "a session of a device",
    "apps",
    { name: "a", type: "self_hosted", domain: "example.com", allow_authenticate_via_warp: true },
    "/allow_authenticate_via_warp",
  ],
  ["a token without name", "service_tokens", { duration: "1h" }, "/name"],
  ["no duration", "service_tokens", { name: "a", duration: "1 year" }, "/duration"],
])("%s is refused, and the response names the place", async (_what, kind, body, pointer) => {
  await withApi({ seed }, async (api, call) => {
    const reply = await call("POST", `/accounts/${api.accountId}/access/${kind}`, body);
    expect([reply.status, reply.body.errors[0]?.source?.pointer]).toEqual([400, expect.stringContaining(pointer)]);
    expect((await call("GET", `/accounts/${api.accountId}/access/${kind}`)).body.result).toEqual([]);
  });
});

test("what one application covers belongs to no other, and a policy in use is not deleted", async () => {
  await withApi({ seed }, async (api, call) => {
    const base = `/accounts/${api.accountId}/access`;
    const { id } = (await call("POST", `${base}/policies`, STAFF)).body.result;
    const app = { name: "one", type: "self_hosted", domain: "Admin.example.com/x/", policies: [{ id }] };
    expect((await call("POST", `${base}/apps`, app)).status).toBe(200);
    const other = await call("POST", `${base}/apps`, { ...app, name: "two", domain: "admin.example.com/x" });
    expect(problems(other)).toEqual([409, expect.stringContaining("belongs to the application one")]);
    expect(problems(await call("DELETE", `${base}/policies/${id}`))).toEqual([409, expect.stringContaining("one")]);
  });
});

test("each part of Access needs its own permission", async () => {
  await withApi({ seed }, async (api, call) => {
    const reader = api.issueToken(["Access: Apps and Policies Read", "Access: Service Tokens Read"]);
    const base = `/accounts/${api.accountId}/access`;
    expect((await call("GET", `${base}/policies`, undefined, reader)).status).toBe(200);
    expect((await call("GET", `${base}/service_tokens`, undefined, reader)).status).toBe(200);
    for (const [method, path, body] of [
      ["POST", "policies", STAFF],
      ["POST", "service_tokens", { name: "ci" }],
      ["GET", "organizations", undefined],
      ["GET", "identity_providers", undefined],
    ] as const) {
      expect(problems(await call(method, `${base}/${path}`, body, reader))).toEqual([
        403,
        expect.stringContaining("Access: "),
      ]);
    }
  });
});

test("a state file of an earlier version gets an organization, and what is written is read again", async () => {
  const folder = mkdtempSync(join(tmpdir(), "access-"));
  const file = join(folder, "cloudflare.json");
  try {
    await withApi({ seed, file }, async (api, call) => {
      const base = `/accounts/${api.accountId}/access`;
      const { id } = (await call("POST", `${base}/policies`, STAFF)).body.result;
      const app = { name: "one", type: "self_hosted", domain: "admin.example.com", policies: [{ id }] };
      expect((await call("POST", `${base}/apps`, { ...app, skip_interstitial: true, tags: ["a"] })).status).toBe(200);
      const token = (await call("POST", `${base}/service_tokens`, { name: "ci" })).body.result.id;
      await call("POST", `${base}/service_tokens/${token}/rotate`);
    });
    const read = readState(JSON.parse(readFileSync(file, "utf8")));
    expect(read).toMatchObject({ ok: true });
    const again = await startApi({ file });
    await again.close();
    const account = { id: "0".repeat(32), name: "old", created_on: "2026-01-01T00:00:00.000Z", rulesets: [] };
    expect(accessOf(account).organization.auth_domain).toBe("old.cloudflareaccess.com");
  } finally {
    rmSync(folder, { recursive: true });
  }
});
