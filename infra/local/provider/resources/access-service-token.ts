/**
 * cloudflare.ZeroTrustAccessServiceToken
 * (https://www.pulumi.com/registry/packages/cloudflare/api-docs/zerotrustaccessservicetoken/).
 */
import { path } from "../calls.ts";
import { flag, number, type ResourceFields, text, toBody, type Values } from "../fields.ts";
import { type Definition, importIdOf } from "../resource.ts";

const server = { kind: "text", computed: "always" } as const;

const fields: ResourceFields = {
  accountId: { kind: "text", path: true, required: true, replaces: true },
  name: { kind: "text", required: true },
  clientSecretVersion: { ...number, initial: 1 },
  duration: { ...text, computed: "optional" },
  enabled: { ...flag, computed: "optional" },
  previousClientSecretExpiresAt: { ...text, computed: "optional" },
  clientId: server,
  clientSecret: server,
  expiresAt: server,
};

const pathOf = (id: string, { accountId }: Values) => path`/accounts/${accountId}/access/service_tokens/${id}`;

/** The secret is in the response that made it: a higher `clientSecretVersion` makes another one. */
export const accessServiceToken: Definition = {
  type: "cloudflare:index/zeroTrustAccessServiceToken:ZeroTrustAccessServiceToken",
  fields,
  secretOutputs: ["clientSecret"],
  create: (inputs) => ({
    method: "POST",
    path: path`/accounts/${inputs.accountId}/access/service_tokens`,
    body: toBody(fields, inputs),
  }),
  idOf: (_inputs, result) => String(result.id),
  read: (id, inputs) => ({ method: "GET", path: pathOf(id, inputs) }),
  update: (id, inputs) => ({ method: "PUT", path: pathOf(id, inputs), body: toBody(fields, inputs) }),
  remove: (id, inputs) => ({ method: "DELETE", path: pathOf(id, inputs) }),
  importId: importIdOf("accounts/<account id>/<service token id>", [null, "accountId", null]),
};
