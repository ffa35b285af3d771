/**
 * cloudflare.ZeroTrustAccessPolicy, a reusable policy of an account
 * (https://www.pulumi.com/registry/packages/cloudflare/api-docs/zerotrustaccesspolicy/).
 */
import { path } from "../calls.ts";
import { type ResourceFields, text, toBody, type Values } from "../fields.ts";
import { type Definition, importIdOf } from "../resource.ts";

const required = { kind: "text", required: true } as const;

/** The selectors that the API on localhost imitates; each object has one of them. */
const selector: ResourceFields = {
  anyValidServiceToken: { kind: { object: {} } },
  email: { kind: { object: { email: required } } },
  emailDomain: { kind: { object: { domain: required } } },
  everyone: { kind: { object: {} } },
  ip: { kind: { object: { ip: required } } },
  serviceToken: { kind: { object: { tokenId: required } } },
};
const selectors = { kind: { list: { object: selector } } } as const;

const fields: ResourceFields = {
  accountId: { kind: "text", path: true, required: true, replaces: true },
  name: required,
  decision: required,
  includes: { ...selectors, apiName: "include" },
  excludes: { ...selectors, apiName: "exclude" },
  requires: { ...selectors, apiName: "require" },
  sessionDuration: { ...text, initial: "24h" },
};

const pathOf = (id: string, { accountId }: Values) => path`/accounts/${accountId}/access/policies/${id}`;

export const accessPolicy: Definition = {
  type: "cloudflare:index/zeroTrustAccessPolicy:ZeroTrustAccessPolicy",
  fields,
  create: (inputs) => ({
    method: "POST",
    path: path`/accounts/${inputs.accountId}/access/policies`,
    body: toBody(fields, inputs),
  }),
  idOf: (_inputs, result) => String(result.id),
  read: (id, inputs) => ({ method: "GET", path: pathOf(id, inputs) }),
  update: (id, inputs) => ({ method: "PUT", path: pathOf(id, inputs), body: toBody(fields, inputs) }),
  remove: (id, inputs) => ({ method: "DELETE", path: pathOf(id, inputs) }),
  importId: importIdOf("<account id>/<policy id>", ["accountId", null]),
  // the API lists what is not there as an empty list
  finish: (outputs): Values =>
    Object.fromEntries(Object.entries(outputs).filter(([, value]) => !Array.isArray(value) || value.length > 0)),
};
