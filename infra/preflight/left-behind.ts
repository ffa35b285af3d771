import type Cloudflare from "cloudflare";
import { adoptionOf, POLICY_PHASES, type Site, siteHostnames } from "../policy/without-rules.ts";
import { listResource } from "../resources/compile.ts";
import { findMarkedAccess } from "./access.ts";
import { readAccount } from "./account.ts";
import { findEntryPoint } from "./entry-points.ts";
import { findMarkedLists } from "./lists.ts";
import { PreflightError } from "./obstacle.ts";
import type { KnownIds, Search } from "./place.ts";
import { isReadFailure } from "./reading.ts";
import { findRecord } from "./records.ts";
import { findTunnel } from "./tunnel.ts";

/**
 * A resource that the stack made at Cloudflare and that its state does not have: the run was killed, or the response
 * was lost.
 */
export interface LeftBehind {
  /** The name of the resource in the program. */
  readonly name: string;
  readonly kind: "record" | "ruleset" | "list" | "tunnel" | "application" | "policy" | "service token";
  readonly id: string;
  /** Path of the API, from `/zones` or `/accounts` on: a DELETE removes it. */
  readonly path: string;
}

/**
 * Finds these resources by the stack's mark, so that `down` can delete them: records first, so that no hostname is
 * reached without its rules, then what there is of Access, and lists after the rules that use them. `known` are the
 * ids in the state before anything is destroyed. Adopted resources are never in the list. No rule is loaded: all phases
 * of the policy are searched, except for a guest, which has no rules and whose API token may not read them. Throws
 * `PreflightError` where the account cannot be read.
 */
export async function findLeftBehind(api: Cloudflare, site: Site, known: KnownIds): Promise<readonly LeftBehind[]> {
  const found = await readAccount(api, site);
  if ("obstacle" in found) throw new PreflightError([found.obstacle]);
  const { account } = found.value;
  const search: Search = { api, site, account, known };
  const phases = site.role === "guest" ? [] : POLICY_PHASES;
  const placed = await Promise.all([
    ...siteHostnames(site).map((hostname) => findRecord(search, hostname)),
    ...phases.map(({ phase }) => findEntryPoint(search, { phase, rules: [] })),
  ]);
  const listed = await findMarkedLists(search);
  const marked = await findMarkedAccess(search);
  if ("obstacle" in marked) throw new PreflightError([marked.obstacle]);
  const access = { obstacles: [], imports: marked.value.ids };
  const tunnel = await findTunnel(
    search,
    placed.flatMap(({ tunnels = [] }) => tunnels),
  );
  const findings = [...placed, access, listed, tunnel];
  const unread = findings.flatMap(({ obstacles }) => obstacles.filter(isReadFailure));
  if (unread.length > 0) throw new PreflightError(unread);
  const { tunnel: adoptedTunnel, records, rulesets, lists = {} } = adoptionOf(site);
  const withIds = [...Object.values(rulesets), ...Object.values(lists)];
  const adopted = new Set([adoptedTunnel, ...Object.values(records), ...withIds.map(({ id }) => id)]);
  return findings
    .flatMap(({ imports }) => Object.entries(imports).map(([name, importId]) => leftBehind(name, importId)))
    .filter(({ id }) => !adopted.has(id));
}

/**
 * From an import id: `zones/ZONE/RULESET`, `ZONE/RECORD`, `ACCOUNT/LIST` or `ACCOUNT/TUNNEL`, where tunnels alone have
 * UUIDs; of Access `accounts/ACCOUNT/ID`, of its policies `ACCOUNT/POLICY`.
 */
function leftBehind(name: string, importId: string): LeftBehind {
  const parts = importId.split("/");
  const [owner = "", id = ""] = parts.slice(-2);
  const [, kind] = /^access:(app|policy|token):/.exec(name) ?? [];
  if (kind !== undefined) {
    const base = `/accounts/${owner}/access`;
    if (kind === "app") return { name, kind: "application", id, path: `${base}/apps/${id}` };
    if (kind === "token") return { name, kind: "service token", id, path: `${base}/service_tokens/${id}` };
    return { name, kind: "policy", id, path: `${base}/policies/${id}` };
  }
  if (parts.length === 3) return { name, kind: "ruleset", id, path: `/zones/${owner}/rulesets/${id}` };
  if (name.startsWith(listResource(""))) {
    return { name, kind: "list", id, path: `/accounts/${owner}/rules/lists/${id}` };
  }
  return id.includes("-")
    ? { name, kind: "tunnel", id, path: `/accounts/${owner}/cfd_tunnel/${id}` }
    : { name, kind: "record", id, path: `/zones/${owner}/dns_records/${id}` };
}
