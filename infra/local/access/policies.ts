import { BlockList, isIP } from "node:net";
import type { AccessSelector, StoredAccessApp, StoredAccessPolicy } from "../api/access/index.ts";
import type { AccessAccount } from "../api/state.ts";

/** Who sends a request, as far as it is known. */
export interface AccessSubject {
  readonly ip: string;
  /** The address of the session. */
  readonly email?: string;
  /** The id of a service token whose secret was right. */
  readonly tokenId?: string;
}

/** The policies of an application in their order. */
export function policiesOf({ policies }: StoredAccessApp, { access }: AccessAccount): readonly StoredAccessPolicy[] {
  return [...policies]
    .sort((one, other) => one.precedence - other.precedence)
    .flatMap(({ id }) => access.policies.find((policy) => policy.id === id) ?? []);
}

/**
 * The first policy that a subject meets, among those of some decisions. Bypass and service policies are evaluated
 * before the others (https://developers.cloudflare.com/cloudflare-one/access-controls/policies/).
 */
export function firstMatch(
  policies: readonly StoredAccessPolicy[],
  decisions: readonly StoredAccessPolicy["decision"][],
  subject: AccessSubject,
): StoredAccessPolicy | undefined {
  return policies.find(
    ({ decision, include, require, exclude }) =>
      decisions.includes(decision) &&
      include.some((selector) => meets(selector, subject)) &&
      require.every((selector) => meets(selector, subject)) &&
      !exclude.some((selector) => meets(selector, subject)),
  );
}

function meets(selector: AccessSelector, { ip, email, tokenId }: AccessSubject): boolean {
  const address = email?.toLowerCase();
  if ("everyone" in selector) return true;
  if ("email" in selector) return address === selector.email.email.toLowerCase();
  if ("email_domain" in selector) {
    return address !== undefined && address.split("@").at(-1) === selector.email_domain.domain.toLowerCase();
  }
  if ("ip" in selector) return isWithin(ip, selector.ip.ip);
  if ("service_token" in selector) return tokenId === selector.service_token.token_id;
  return tokenId !== undefined;
}

function isWithin(ip: string, network: string): boolean {
  const [address = "", bits] = network.split("/");
  const [version, given] = [isIP(address), isIP(ip)];
  if (version === 0 || version !== given) return false;
  const family = version === 4 ? "ipv4" : "ipv6";
  const list = new BlockList();
  list.addSubnet(address, bits === undefined ? (version === 4 ? 32 : 128) : Number(bits), family);
  return list.check(ip, family);
}
