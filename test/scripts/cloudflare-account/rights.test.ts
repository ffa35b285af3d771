/** Whether a token may write is found out by requests that write nothing. */
import { expect, test } from "@jest/globals";
import { checkWriteRights } from "../../../scripts/cloudflare-account/rights.ts";
import type { StateResource } from "../../../scripts/pulumi-cli/stack-state.ts";
import { sdk, withApi } from "../../infra/local/api/client.ts";

test("a token with the rights passes, and nothing is made; without one the permission is named", async () => {
  await withApi({}, async (api) => {
    const resource = (type: string, inputs: object): StateResource => ({
      ...{ urn: `urn:${type}`, type, id: "x", custom: true },
      inputs: { ...inputs },
    });
    const resources = [
      resource("cloudflare:index/dnsRecord:DnsRecord", { zoneId: api.zoneId }),
      resource("cloudflare:index/list:List", { accountId: api.accountId }),
      ...["Policy", "ServiceToken"].map((name) =>
        resource(`cloudflare:index/zeroTrustAccess${name}:ZeroTrustAccess${name}`, { accountId: api.accountId }),
      ),
    ];
    const check = (token?: string) => checkWriteRights(sdk(api, token), resources);
    const all = [
      "DNS Write",
      "Account Filter Lists Edit",
      "Access: Apps and Policies Write",
      "Access: Service Tokens Write",
    ] as const;
    await check(api.issueToken(all));
    expect(api.journal.map(({ method, status, body }) => [method, status, body])).toEqual(
      resources.map(() => ["POST", 400, {}]),
    );
    for (const missing of all) {
      const others = all.filter((name) => name !== missing);
      await expect(check(api.issueToken(others))).rejects.toThrow(`"${missing}"`);
    }
  });
});

test("a token that has not the form of one is no refused body, although the status is 400 too", async () => {
  await withApi({}, async (api) => {
    api.faults.next({ method: "POST" }, { status: 400, code: 6003, message: "Invalid request headers" });
    const record = { urn: "urn:r", type: "cloudflare:index/dnsRecord:DnsRecord", id: "x", custom: true };
    const resources: StateResource[] = [{ ...record, inputs: { zoneId: api.zoneId } }];
    await expect(checkWriteRights(sdk(api), resources)).rejects.toThrow("The API token is wrong, or was revoked");
  });
});
