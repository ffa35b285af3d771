/**
 * cloudflare.getZeroTrustTunnelCloudflaredToken
 * (https://www.pulumi.com/registry/packages/cloudflare/api-docs/getzerotrusttunnelcloudflaredtoken/).
 */
import { type Calls, path } from "../calls.ts";
import { type CheckFailure, checkInputs } from "../check.ts";
import type { ResourceFields, Values } from "../fields.ts";

const inputs: ResourceFields = {
  accountId: { kind: "text", required: true },
  tunnelId: { kind: "text", required: true },
};

/** The token is a credential, and the SDK does not mark it as one: wrap it with `pulumi.secret`. */
export const getTunnelToken = {
  token: "cloudflare:index/getZeroTrustTunnelCloudflaredToken:getZeroTrustTunnelCloudflaredToken",
  check: (args: Values): CheckFailure[] => checkInputs(inputs, args),
  /** @throws CallError */
  async invoke(calls: Calls, args: Values): Promise<Values> {
    const { accountId, tunnelId } = args;
    const token = await calls.send({
      method: "GET",
      path: path`/accounts/${accountId}/cfd_tunnel/${tunnelId}/token`,
    });
    return { accountId, tunnelId, token };
  },
};
