/**
 * cloudflare.getUser (https://www.pulumi.com/registry/packages/cloudflare/api-docs/getuser/). Unrecorded (getUser): the
 * call follows the types of Cloudflare's SDK.
 */
import type { Calls } from "../calls.ts";
import { type CheckFailure, checkInputs } from "../check.ts";
import { flag, type ResourceFields, text, texts, toOutputs, type Values } from "../fields.ts";

const outputs: ResourceFields = {
  betas: texts,
  country: text,
  email: text,
  firstName: text,
  hasBusinessZones: flag,
  hasEnterpriseZones: flag,
  hasProZones: flag,
  id: text,
  lastName: text,
  organizations: {
    kind: { list: { object: { id: text, name: text, permissions: texts, roles: texts, status: text } } },
  },
  suspended: flag,
  telephone: text,
  twoFactorAuthenticationEnabled: flag,
  twoFactorAuthenticationLocked: flag,
  zipcode: text,
};

export const getUser = {
  token: "cloudflare:index/getUser:getUser",
  check: (args: Values): CheckFailure[] => checkInputs({}, args),
  /** The user of the API token. @throws CallError */
  async invoke(calls: Calls): Promise<Values> {
    return toOutputs(outputs, await calls.send({ method: "GET", path: "/user" }));
  },
};
