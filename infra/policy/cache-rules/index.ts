import type { RuleFile } from "../rule.ts";
import { accessNotCached } from "./access-not-cached.ts";
import { cacheBypass } from "./cache-bypass.ts";

/**
 * Cache rules (https://developers.cloudflare.com/cache/how-to/cache-rules/), in order: every rule that matches
 * applies, a later one overrides an earlier one. Free allows ten.
 */
export const cacheRules: readonly RuleFile[] = [cacheBypass, accessNotCached];
