/**
 * cloudflare.getZeroTrustOrganization
 * (https://www.pulumi.com/registry/packages/cloudflare/api-docs/getzerotrustorganization/). Unrecorded
 * (getZeroTrustOrganization): the call follows Cloudflare's SDK.
 */
import { type Calls, path } from "../calls.ts";
import { type CheckFailure, checkInputs } from "../check.ts";
import { flag, type ResourceFields, text, texts, toOutputs, type Values } from "../fields.ts";

const inputs: ResourceFields = { accountId: { kind: "text", required: true } };

const outputs: ResourceFields = {
  allowAuthenticateViaWarp: flag,
  authDomain: text,
  autoRedirectToIdentity: flag,
  denyUnmatchedRequests: flag,
  denyUnmatchedRequestsExemptedZoneNames: texts,
  isUiReadOnly: flag,
  name: text,
  sessionDuration: text,
  strictServiceTokenAuth: flag,
};

export const getOrganization = {
  token: "cloudflare:index/getZeroTrustOrganization:getZeroTrustOrganization",
  check: (args: Values): CheckFailure[] => checkInputs(inputs, args),
  /** @throws CallError */
  async invoke(calls: Calls, { accountId }: Values): Promise<Values> {
    const found = await calls.send({ method: "GET", path: path`/accounts/${accountId}/access/organizations` });
    return { accountId, ...toOutputs(outputs, found) };
  },
};
