/** cloudflare.DnsRecord (https://www.pulumi.com/registry/packages/cloudflare/api-docs/dnsrecord/). */
import { path } from "../calls.ts";
import {
  flag,
  isValues,
  number,
  type ResourceField,
  type ResourceFields,
  text,
  texts,
  toBody,
  type Values,
} from "../fields.ts";
import { type Definition, importIdOf } from "../resource.ts";

const server: ResourceField = { kind: "text", computed: "always" };

/** The parts of structured records, of more types too. Unrecorded (CAA, SRV, HTTPS): no recording has such a record. */
const data: ResourceFields = {
  ...Object.fromEntries(
    (
      "algorithm altitude digestType keyTag latDegrees latMinutes latSeconds longDegrees longMinutes longSeconds " +
      "matchingType order port precisionHorz precisionVert preference priority protocol selector size type usage weight"
    )
      .split(" ")
      .map((name) => [name, number]),
  ),
  ...Object.fromEntries(
    "certificate digest fingerprint latDirection longDirection publicKey regex replacement service tag target value"
      .split(" ")
      .map((name) => [name, text]),
  ),
  flags: { kind: "any" },
};

const settings: ResourceFields = {
  flattenCname: { kind: "flag", computed: "optional", initial: false },
  ipv4Only: { kind: "flag", apiName: "ipv4_only", computed: "optional", initial: false },
  ipv6Only: { kind: "flag", apiName: "ipv6_only", computed: "optional", initial: false },
};

const fields: ResourceFields = {
  zoneId: { kind: "text", path: true, required: true, replaces: true },
  name: { kind: "text", required: true },
  type: { kind: "text", required: true, replaces: true },
  ttl: { kind: "number", required: true },
  content: { ...text, madeOf: "data" },
  proxied: { ...flag, initial: false },
  comment: text,
  tags: { ...texts, computed: "optional" },
  priority: number,
  data: { kind: { object: data } },
  settings: { kind: { object: settings }, computed: "optional" },
  privateRouting: flag,
  createdOn: server,
  modifiedOn: server,
  commentModifiedOn: server,
  tagsModifiedOn: server,
  proxiable: { kind: "flag", computed: "always" },
  meta: { kind: "json", computed: "always" },
};

/** A record as it is sent: the provider sorts tags. */
const bodyOf = (inputs: Values): Record<string, unknown> =>
  toBody(fields, Array.isArray(inputs.tags) ? { ...inputs, tags: [...inputs.tags].sort() } : inputs);

const noSettings = { flattenCname: false, ipv4Only: false, ipv6Only: false };

const hasTags = (outputs: Values | undefined): boolean => Array.isArray(outputs?.tags) && outputs.tags.length > 0;

export const dnsRecord: Definition = {
  type: "cloudflare:index/dnsRecord:DnsRecord",
  fields,
  validate: ({ proxied, ttl }) =>
    proxied === true && typeof ttl === "number" && ttl !== 1
      ? [{ property: "ttl", reason: "ttl must be 1 when proxied is true" }]
      : [],
  create: (inputs) => ({
    method: "POST",
    path: path`/zones/${inputs.zoneId}/dns_records`,
    body: bodyOf(inputs),
  }),
  idOf: (_inputs, result) => String(result.id),
  read: (id, inputs) => ({
    method: "GET",
    path: path`/zones/${inputs.zoneId}/dns_records/${id}`,
  }),
  // a record's tags are sent where the program gives them, or where there are none: else they are left out, and so
  // lost (P6)
  update: (id, inputs, { outputs }) => ({
    method: "PUT",
    path: path`/zones/${inputs.zoneId}/dns_records/${id}`,
    body: bodyOf({
      ...inputs,
      settings: inputs.settings ?? outputs?.settings ?? noSettings,
      tags: inputs.tags ?? (hasTags(outputs) ? undefined : []),
    }),
  }),
  remove: (id, inputs) => ({ method: "DELETE", path: path`/zones/${inputs.zoneId}/dns_records/${id}` }),
  importId: importIdOf("<zone id>/<record id>", ["zoneId", null]),
  finish: (outputs): Values => ({
    ...outputs,
    settings: { ...noSettings, ...(isValues(outputs.settings) ? outputs.settings : {}) },
  }),
};
