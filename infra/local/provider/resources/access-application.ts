/**
 * cloudflare.ZeroTrustAccessApplication of the type self_hosted
 * (https://www.pulumi.com/registry/packages/cloudflare/api-docs/zerotrustaccessapplication/).
 */
import { path } from "../calls.ts";
import { flag, type ResourceField, type ResourceFields, text, texts, toBody, type Values } from "../fields.ts";
import { type Definition, importIdOf } from "../resource.ts";

const destination: ResourceFields = {
  type: { kind: "text", computed: "optional" },
  uri: text,
};

/** A policy of the application's own has more fields: the API on localhost takes reusable ones alone. */
const policy: ResourceFields = {
  id: text,
  precedence: { kind: "number", computed: "optional" },
};

const filledIn = (field: ResourceField): ResourceField => ({ ...field, computed: "optional" });

/** Domain, domains and destinations say the same: the server fills in the two that are not given. */
const fields: ResourceFields = {
  accountId: { kind: "text", path: true, required: true, replaces: true },
  allowAuthenticateViaWarp: filledIn(flag),
  allowedIdps: filledIn({ kind: { list: "text", isSet: true } }),
  appLauncherVisible: { ...flag, initial: true },
  autoRedirectToIdentity: filledIn(flag),
  destinations: filledIn({ kind: { list: { object: destination } } }),
  domain: filledIn(text),
  enableBindingCookie: filledIn(flag),
  httpOnlyCookieAttribute: { ...flag, initial: true },
  name: text,
  optionsPreflightBypass: filledIn(flag),
  pathCookieAttribute: filledIn(flag),
  policies: { kind: { list: { object: policy } } },
  sameSiteCookieAttribute: text,
  selfHostedDomains: filledIn(texts),
  serviceAuth401Redirect: { ...filledIn(flag), apiName: "service_auth_401_redirect" },
  sessionDuration: { ...text, initial: "24h" },
  skipInterstitial: filledIn(flag),
  tags: filledIn({ kind: { list: "text", isSet: true } }),
  type: text,
  aud: { kind: "text", computed: "always" },
};

const pathOf = (id: string, { accountId }: Values) => path`/accounts/${accountId}/access/apps/${id}`;

export const accessApplication: Definition = {
  type: "cloudflare:index/zeroTrustAccessApplication:ZeroTrustAccessApplication",
  fields,
  create: (inputs) => ({
    method: "POST",
    path: path`/accounts/${inputs.accountId}/access/apps`,
    body: toBody(fields, inputs),
  }),
  idOf: (_inputs, result) => String(result.id),
  read: (id, inputs) => ({ method: "GET", path: pathOf(id, inputs) }),
  update: (id, inputs) => ({ method: "PUT", path: pathOf(id, inputs), body: toBody(fields, inputs) }),
  remove: (id, inputs) => ({ method: "DELETE", path: pathOf(id, inputs) }),
  importId: importIdOf("accounts/<account id>/<application id>", [null, "accountId", null]),
};
