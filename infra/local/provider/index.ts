/**
 * What the Cloudflare provider of Pulumi does, for the resource types that the program uses: how inputs become calls
 * of the API and responses become outputs. Checked against recorded calls of the real provider (pulumi-cloudflare 6.17
 * and 6.22); what has no recording says so where it is defined.
 */
import { type CallOptions, createCalls } from "./calls.ts";
import type { Values } from "./fields.ts";
import { getAccounts } from "./functions/get-accounts.ts";
import { getIpRanges } from "./functions/get-ip-ranges.ts";
import { getOrganization } from "./functions/get-organization.ts";
import { getTunnelToken } from "./functions/get-tunnel-token.ts";
import { getUser } from "./functions/get-user.ts";
import { getZone } from "./functions/get-zone.ts";
import { createResourceType, type ResourceType } from "./resource.ts";
import { accessApplication } from "./resources/access-application.ts";
import { accessPolicy } from "./resources/access-policy.ts";
import { accessServiceToken } from "./resources/access-service-token.ts";
import { dnsRecord } from "./resources/dns-record.ts";
import { list } from "./resources/list.ts";
import { ruleset } from "./resources/ruleset.ts";
import { tunnel } from "./resources/tunnel.ts";
import { tunnelConfig } from "./resources/tunnel-config.ts";
import { zone } from "./resources/zone.ts";
import { zoneSetting } from "./resources/zone-setting.ts";

export type { CallOptions } from "./calls.ts";
export type { CheckFailure } from "./check.ts";
export { UNKNOWN, type Values } from "./fields.ts";
export type { ResourceType } from "./resource.ts";

export interface Provider {
  /** The type tokens that `resource` takes. */
  readonly types: readonly string[];
  /** By type token, e.g. "cloudflare:index/dnsRecord:DnsRecord"; undefined for one that is not there. */
  resource(type: string): ResourceType | undefined;
  /**
   * A look-up by its token, e.g. "cloudflare:index/getZone:getZone". @throws CallError; Error for an unknown token or
   * wrong arguments
   */
  invoke(token: string, args: Values): Promise<Values>;
}

const definitions = [
  accessApplication,
  accessPolicy,
  accessServiceToken,
  dnsRecord,
  list,
  ruleset,
  tunnel,
  tunnelConfig,
  zone,
  zoneSetting,
];
const functions = [getAccounts, getIpRanges, getOrganization, getTunnelToken, getUser, getZone];

/** A provider for one API and token; nothing is called before it is used. */
export function createProvider(options: CallOptions): Provider {
  const calls = createCalls(options);
  const resources = new Map(definitions.map((definition) => [definition.type, createResourceType(definition, calls)]));
  return {
    types: [...resources.keys()],
    resource: (type) => resources.get(type),
    async invoke(token, args) {
      const lookUp = functions.find((known) => known.token === token);
      if (!lookUp)
        throw new Error(`${token} is not among the look-ups here: ${functions.map((known) => known.token).join(", ")}`);
      const [failure] = lookUp.check(args);
      if (failure) throw new Error(`${token}: ${failure.property}: ${failure.reason}`);
      return lookUp.invoke(calls, args);
    },
  };
}
