/** cloudflare.getZone (https://www.pulumi.com/registry/packages/cloudflare/api-docs/getzone/). */
import { type Calls, path } from "../calls.ts";
import { type CheckFailure, checkInputs } from "../check.ts";
import { flag, isValues, number, type ResourceFields, text, texts, toOutputs, type Values } from "../fields.ts";

const inputs: ResourceFields = {
  zoneId: text,
  filter: {
    kind: {
      object: {
        name: text,
        account: { kind: { object: { id: text, name: text } } },
        match: text,
        status: text,
        order: text,
        direction: text,
        types: texts,
      },
    },
  },
};

/** What Cloudflare shows of a zone. */
export const zoneFields: ResourceFields = {
  account: { kind: { object: { id: text, name: text } } },
  activatedOn: text,
  cnameSuffix: text,
  createdOn: text,
  developmentMode: number,
  id: text,
  meta: {
    kind: {
      object: {
        cdnOnly: flag,
        customCertificateQuota: number,
        dnsOnly: flag,
        foundationDns: flag,
        pageRuleQuota: number,
        phishingDetected: flag,
        step: number,
      },
    },
  },
  modifiedOn: text,
  name: text,
  nameServers: texts,
  originalDnshost: text,
  originalNameServers: texts,
  originalRegistrar: text,
  owner: { kind: { object: { id: text, name: text, type: text } } },
  paused: flag,
  permissions: texts,
  plan: {
    kind: {
      object: {
        canSubscribe: flag,
        currency: text,
        externallyManaged: flag,
        frequency: text,
        id: text,
        isSubscribed: flag,
        legacyDiscount: flag,
        legacyId: text,
        name: text,
        price: number,
      },
    },
  },
  status: text,
  tenant: { kind: { object: { id: text, name: text } } },
  tenantUnit: { kind: { object: { id: text } } },
  type: text,
  vanityNameServers: texts,
  verificationKey: text,
};

export const getZone = {
  token: "cloudflare:index/getZone:getZone",
  check: (args: Values): CheckFailure[] => checkInputs(inputs, args),
  /** By id, or by a filter that exactly one zone must match. @throws Error, CallError */
  async invoke(calls: Calls, args: Values): Promise<Values> {
    const id = typeof args.zoneId === "string" ? args.zoneId : await idByFilter(calls, args.filter);
    const zone = await calls.send({ method: "GET", path: path`/zones/${id}` });
    return { ...args, ...toOutputs(zoneFields, zone), zoneId: id };
  },
};

async function idByFilter(calls: Calls, filter: unknown): Promise<string> {
  if (!isValues(filter)) throw new Error("getZone needs a zoneId or a filter");
  const query = new URLSearchParams();
  const account = isValues(filter.account) ? filter.account : {};
  for (const [name, value] of [
    ...["name", "match", "status", "order", "direction"].map((key) => [key, filter[key]] as const),
    ["account.id", account.id] as const,
    ["account.name", account.name] as const,
  ]) {
    if (typeof value === "string") query.set(name, value);
  }
  const zones = await calls.send({ method: "GET", path: `/zones?${query}` });
  const found = Array.isArray(zones) ? zones.filter(isValues) : [];
  const id = found[0]?.id;
  if (found.length !== 1 || typeof id !== "string") {
    throw new Error(
      `${found.length} zones match ${query}, where exactly one must: check the zone's name, and that the API token ` +
        `may read it ("Zone Read").`,
    );
  }
  return id;
}
