/**
 * cloudflare.getIpRanges (https://www.pulumi.com/registry/packages/cloudflare/api-docs/getipranges/). Unrecorded
 * (getIpRanges): the call follows the types of Cloudflare's SDK.
 */
import type { Calls } from "../calls.ts";
import { type CheckFailure, checkInputs } from "../check.ts";
import { type ResourceFields, text, texts, toOutputs, type Values } from "../fields.ts";

const inputs: ResourceFields = { networks: text };
const outputs: ResourceFields = { etag: text, ipv4Cidrs: texts, ipv6Cidrs: texts, jdcloudCidrs: texts };

export const getIpRanges = {
  token: "cloudflare:index/getIpRanges:getIpRanges",
  check: (args: Values): CheckFailure[] => checkInputs(inputs, args),
  /** The networks that Cloudflare calls origins from. @throws CallError */
  async invoke(calls: Calls, args: Values): Promise<Values> {
    const query = typeof args.networks === "string" ? `?${new URLSearchParams({ networks: args.networks })}` : "";
    return { ...args, ...toOutputs(outputs, await calls.send({ method: "GET", path: `/ips${query}` })) };
  },
};
