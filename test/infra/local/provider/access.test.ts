/** Access by the provider, against the API on localhost: rotation, the secret that is shown once, import. */
import { expect, test } from "@jest/globals";
import { createProvider, type ResourceType, type Values } from "../../../../infra/local/provider/index.ts";
import { withApi } from "../api/client.ts";

const types = {
  app: "cloudflare:index/zeroTrustAccessApplication:ZeroTrustAccessApplication",
  policy: "cloudflare:index/zeroTrustAccessPolicy:ZeroTrustAccessPolicy",
  token: "cloudflare:index/zeroTrustAccessServiceToken:ZeroTrustAccessServiceToken",
} as const;

function withTypes<Result>(
  use: (on: {
    accountId: string;
    type: (name: keyof typeof types) => ResourceType;
    invoke: (token: string, args: Values) => Promise<Values>;
  }) => Promise<Result>,
) {
  return withApi({ seed: { zones: [{ name: "example.com" }] } }, ({ accountId, token, url }) => {
    const provider = createProvider({ apiToken: token, baseURL: url });
    const type = (name: keyof typeof types) => {
      const found = provider.resource(types[name]);
      if (!found) throw new Error(`no ${name}`);
      return found;
    };
    return use({ accountId, type, invoke: (name, args) => provider.invoke(name, args) });
  });
}

test("a service token keeps its secret through a refresh and an update, until its version makes another one", async () => {
  await withTypes(async ({ accountId, type }) => {
    const token = type("token");
    expect(token.secretOutputs).toEqual(["clientSecret"]);
    const inputs = { accountId, name: "ci", duration: "48h" };
    const { id, outputs } = await token.create(inputs);
    expect(outputs).toMatchObject({ clientSecretVersion: 1, clientSecret: expect.stringMatching(/^cfast_/) });

    const read = await token.read(id, inputs, outputs);
    expect(read?.outputs).toEqual(outputs);
    expect(token.diff(id, read?.inputs ?? {}, inputs).changed).toEqual([]);
    const renamed = { ...inputs, name: "deploy" };
    const updated = (await token.update(id, inputs, renamed, outputs)).outputs;
    expect(updated).toMatchObject({ name: "deploy", clientSecret: outputs.clientSecret });

    const rotated = { ...renamed, clientSecretVersion: 2, previousClientSecretExpiresAt: "2030-01-01T00:00:00Z" };
    expect(token.diff(id, renamed, rotated)).toEqual({
      changed: ["clientSecretVersion", "previousClientSecretExpiresAt"],
      replaces: [],
    });
    const after = (await token.update(id, renamed, rotated, updated)).outputs;
    expect(after.clientSecret).toMatch(/^cfast_/);
    expect(after.clientSecret).not.toBe(outputs.clientSecret);
    const again = await token.read(id, rotated, after);
    expect(token.diff(id, again?.inputs ?? {}, rotated).changed).toEqual([]);
    // one that is imported has no secret: the API does not show it again
    const imported = await token.read(`accounts/${accountId}/${id}`);
    expect(imported?.outputs).toMatchObject({ accountId, id, clientId: outputs.clientId });
    expect(imported?.outputs).not.toHaveProperty("clientSecret");
  });
});

test("a policy and an application do not differ after a refresh, are changed in place, and can be imported", async () => {
  await withTypes(async ({ accountId, type }) => {
    const [policy, app] = [type("policy"), type("app")];
    const staff = {
      accountId,
      name: "staff",
      decision: "allow",
      includes: [{ emailDomain: { domain: "example.com" } }, { everyone: {} }],
      requires: [{ ip: { ip: "192.0.2.0/24" } }],
    };
    expect(policy.check(staff)).toEqual([]);
    const made = await policy.create(staff);
    const readPolicy = await policy.read(made.id, staff, made.outputs);
    expect(policy.diff(made.id, readPolicy?.inputs ?? {}, staff).changed).toEqual([]);
    expect((await policy.read(`${accountId}/${made.id}`))?.inputs).toMatchObject(staff);

    const admin = {
      accountId,
      name: "admin",
      type: "self_hosted",
      domain: "admin.example.com",
      destinations: [{ type: "public", uri: "admin.example.com" }],
      policies: [{ id: made.id, precedence: 1 }],
      sessionDuration: "6h",
      appLauncherVisible: false,
      serviceAuth401Redirect: true,
    };
    expect(app.check(admin)).toEqual([]);
    const { id, outputs } = await app.create(admin);
    expect(outputs).toMatchObject({ aud: expect.stringMatching(/^[0-9a-f]{64}$/), serviceAuth401Redirect: true });
    const read = await app.read(id, admin, outputs);
    expect(app.diff(id, read?.inputs ?? {}, admin).changed).toEqual([]);
    const shorter = { ...admin, sessionDuration: "1h" };
    expect(app.diff(id, admin, shorter)).toEqual({ changed: ["sessionDuration"], replaces: [] });
    const changed = (await app.update(id, admin, shorter, outputs)).outputs;
    expect(changed).toMatchObject({ aud: outputs.aud, sessionDuration: "1h" });
    expect((await app.read(`accounts/${accountId}/${id}`))?.inputs).toMatchObject({
      name: "admin",
      sessionDuration: "1h",
    });
    expect(app.diff(id, admin, { ...admin, accountId: "0".repeat(32) }).replaces).toEqual(["accountId"]);

    await app.delete(id, shorter);
    await policy.delete(made.id, staff);
    expect(await app.read(id, shorter)).toBeUndefined();
    expect(await policy.read(made.id, staff)).toBeUndefined();
  });
});

test("the organization is looked up", async () => {
  await withTypes(async ({ accountId, invoke }) => {
    const found = await invoke("cloudflare:index/getZeroTrustOrganization:getZeroTrustOrganization", { accountId });
    expect(found).toMatchObject({
      accountId,
      authDomain: "causeway.cloudflareaccess.com",
      denyUnmatchedRequests: false,
      strictServiceTokenAuth: true,
    });
  });
});
