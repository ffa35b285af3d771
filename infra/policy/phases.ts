/**
 * Where the rules of each phase are. Loads no rule, so that what deploys none works although a rule's file is broken.
 */
import { isRef, type Phase } from "../rules/index.ts";

/** In the order in which a request passes the phases. */
export const POLICY_PHASES = [
  { phase: "http_request_dynamic_redirect", name: "causeway redirects", folder: "infra/policy/redirects" },
  { phase: "http_request_firewall_custom", name: "causeway custom rules", folder: "infra/policy/custom-rules" },
  { phase: "http_ratelimit", name: "causeway rate limits", folder: "infra/policy/rate-limits" },
  { phase: "http_request_cache_settings", name: "causeway cache rules", folder: "infra/policy/cache-rules" },
] as const satisfies readonly { readonly phase: Phase; readonly name: string; readonly folder: string }[];

/**
 * The file of a rule, from the project's folder: `scanner_paths` is in `custom-rules/scanner-paths.ts`. A ref that
 * Cloudflare refuses has none, and could name a file elsewhere: then it is the folder's index.
 */
export function fileOfRule(phase: Phase, ref: string): string {
  const { folder } = POLICY_PHASES.find((one) => one.phase === phase) ?? { folder: "infra/policy" };
  return isRef(ref) ? `${folder}/${ref.replaceAll("_", "-")}.ts` : `${folder}/index.ts`;
}
