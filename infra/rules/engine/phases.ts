import type { Phase } from "../schema/phases.ts";

/**
 * The phases that are imitated, in Cloudflare's order:
 * https://developers.cloudflare.com/ruleset-engine/reference/phases-list/
 */
export const SUPPORTED_PHASES: readonly Phase[] = [
  "http_request_dynamic_redirect",
  "http_request_firewall_custom",
  "http_ratelimit",
  "http_request_cache_settings",
];

/** One bit for each imitated phase; 0 for all others, which are skipped anyway. */
export const phaseBit = (phase: Phase): number => (1 << (SUPPORTED_PHASES.indexOf(phase) + 1)) & ~1;
