import { expect, test } from "@jest/globals";
import Cloudflare from "cloudflare";
import { startApi } from "../../../infra/local/api/index.ts";
import { serviceTokenOf } from "../../../scripts/cloudflare-account/service-token.ts";

test("a service token gets a new secret, and the one before is accepted for the grace time", async () => {
  const api = await startApi({ seed: { zones: [{ name: "example.com" }] } });
  try {
    const client = new Cloudflare({ apiToken: api.token, baseURL: api.url, logLevel: "off" });
    const place = { account_id: api.accountId };
    const made = await client.zeroTrust.access.serviceTokens.create({ ...place, name: "ci" });
    const urn = "urn:pulumi:prod::causeway::causeway:index:Access$TYPE::access:token:ci";
    const state = [{ urn, type: "TYPE", id: made.id ?? "", inputs: { accountId: api.accountId } }];
    const end = new Date(Date.now() + 3_600_000);
    const rotated = await serviceTokenOf(state, client, "ci")?.rotate(end);
    expect(rotated).toEqual({ clientId: made.client_id, clientSecret: expect.stringMatching(/^cfast_/) });
    expect(rotated?.clientSecret).not.toBe(made.client_secret);
    expect(await client.zeroTrust.access.serviceTokens.get(made.id ?? "", place)).toMatchObject({
      client_secret_version: 2,
      previous_client_secret_expires_at: end.toISOString(),
    });
    expect(serviceTokenOf(state, client, "other")).toBeUndefined();
    expect(serviceTokenOf([], client, "ci")).toBeUndefined();
  } finally {
    await api.close();
  }
});
