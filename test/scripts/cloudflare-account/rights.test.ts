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
    ];
    const check = (token?: string) => checkWriteRights(sdk(api, token), resources);
    await check(api.issueToken(["DNS Write", "Account Filter Lists Edit"]));
    expect(api.journal.map(({ method, status, body }) => [method, status, body])).toEqual([
      ["POST", 400, {}],
      ["POST", 400, {}],
    ]);
    await expect(check(api.issueToken(["DNS Write"]))).rejects.toThrow('"Account Filter Lists Edit"');
    await expect(check(api.issueToken(["Account Filter Lists Edit"]))).rejects.toThrow('"DNS Write"');
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
