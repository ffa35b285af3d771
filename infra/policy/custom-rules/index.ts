import type { RuleFile } from "../rule.ts";
import { notInSurface } from "./not-in-surface.ts";
import { plainHttp } from "./plain-http.ts";
import { scannerPaths } from "./scanner-paths.ts";

/**
 * WAF custom rules (https://developers.cloudflare.com/waf/custom-rules/), in the order in which a request passes them:
 * the first one that blocks decides. Free allows five.
 */
export const customRules: readonly RuleFile[] = [scannerPaths, plainHttp, notInSurface];
