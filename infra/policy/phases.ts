/**
 * Where the rules of each phase are. Loads no rule, so that what deploys none works although a rule's file is broken.
 */
import type { Phase } from "../rules/index.ts";

/** In the order in which a request passes the phases. */
export const POLICY_PHASES = [
  { phase: "http_request_dynamic_redirect", name: "causeway redirects", folder: "infra/policy/redirects" },
  { phase: "http_request_firewall_custom", name: "causeway custom rules", folder: "infra/policy/custom-rules" },
  { phase: "http_ratelimit", name: "causeway rate limits", folder: "infra/policy/rate-limits" },
  { phase: "http_request_cache_settings", name: "causeway cache rules", folder: "infra/policy/cache-rules" },
] as const satisfies readonly { readonly phase: Phase; readonly name: string; readonly folder: string }[];
