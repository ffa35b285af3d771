import type { RuleFile } from "../rule.ts";
import { credentialRate } from "./credential-rate.ts";
import { readRate } from "./read-rate.ts";
import { writeRate } from "./write-rate.ts";

/**
 * Rate limiting rules (https://developers.cloudflare.com/waf/rate-limiting-rules/). Free allows one, Pro for
 * two. Limits that the gateway enforces too are left out where they exceed the plan, the last first: their order is
 * the order of what an unlimited one would cost.
 */
export const rateLimits: readonly RuleFile[] = [credentialRate, writeRate, readRate];
