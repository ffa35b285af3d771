import type { RuleFile } from "../rule.ts";
import { toHttps } from "./to-https.ts";

/**
 * Single redirects (https://developers.cloudflare.com/rules/url-forwarding/single-redirects/), in order, before every
 * custom rule. Free allows ten.
 */
export const redirects: readonly RuleFile[] = [toHttps];
