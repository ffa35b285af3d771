/** What Cloudflare's API shows: the tunnel and the records. */
import type Cloudflare from "cloudflare";
import { isObject } from "../../infra/rules/index.ts";
import { callApi, responseWithoutResult } from "../cloudflare-account/account.ts";
import { kindOf, type StateResource } from "../pulumi-cli/stack-state.ts";
import type { StatusCheck } from "./check.ts";

/** Cloudflare's word for a tunnel that serves, with all of its connections. */
const WELL = "healthy";

const MEANINGS: Readonly<Record<string, string>> = {
  inactive: "no connector was ever started",
  down: "no connector is connected",
  degraded: "it serves requests, and connections are missing",
};

/** `status`: Cloudflare's word, or that it was deleted. */
export function tunnelCheck(id: string, status: string): StatusCheck {
  const meaning = MEANINGS[status];
  const message = meaning === undefined ? status : `${status}: ${meaning}`;
  return { name: "tunnel", subject: id, state: status === WELL ? "well" : "wrong", message };
}

/** The records of the state as Cloudflare has them now. @throws AccountError */
export async function recordChecks(
  api: Cloudflare,
  resources: readonly StateResource[],
  tunnelId: string,
): Promise<readonly StatusCheck[]> {
  const records = resources.filter((resource) => kindOf(resource) === "record");
  return Promise.all(records.map((record) => recordCheck(api, record, `${tunnelId}.cfargotunnel.com`)));
}

async function recordCheck(api: Cloudflare, { inputs }: StateResource, target: string): Promise<StatusCheck> {
  const [hostname, zone_id] = [String(inputs?.name), String(inputs?.zoneId)];
  const page = await callApi(api.dns.records.list({ zone_id, name: { exact: hostname } }), "DNS Write");
  // the page's own `result` is empty also where the response has none
  const { body } = page as unknown as { readonly body: unknown };
  if (!isObject(body) || !Array.isArray(body.result)) throw responseWithoutResult();
  const found = page.result.filter(({ type }) => ["A", "AAAA", "CNAME"].includes(type));
  const check = { name: "record", subject: hostname } as const;
  if (found.length === 0) return { ...check, state: "wrong", message: "there is none" };
  const [first] = found;
  const isOurs = found.length === 1 && first?.type === "CNAME" && first.content === target;
  if (!isOurs) {
    const shown = found.map(({ type, content }) => `${type} ${content ?? ""}`).join(", ");
    return { ...check, state: "wrong", message: `it leads to ${shown}, not to the tunnel` };
  }
  return first.proxied === true
    ? { ...check, state: "well", message: "proxied, leads to the tunnel" }
    : { ...check, state: "wrong", message: "leads to the tunnel, but is not proxied: no visitor gets through" };
}
