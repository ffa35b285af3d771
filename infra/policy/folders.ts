import type { Phase } from "../rules/index.ts";
import { cacheRules } from "./cache-rules/index.ts";
import { customRules } from "./custom-rules/index.ts";
import { POLICY_PHASES } from "./phases.ts";
import { rateLimits } from "./rate-limits/index.ts";
import { redirects } from "./redirects/index.ts";
import type { RuleFile } from "./rule.ts";

/** The rules of one phase, one file each. */
export interface Folder {
  readonly phase: Phase;
  /** Name of the ruleset. Constant: a changed name would replace it. */
  readonly name: string;
  readonly folder: string;
  readonly files: readonly RuleFile[];
}

const FILES: Readonly<Record<(typeof POLICY_PHASES)[number]["phase"], readonly RuleFile[]>> = {
  http_request_dynamic_redirect: redirects,
  http_request_firewall_custom: customRules,
  http_ratelimit: rateLimits,
  http_request_cache_settings: cacheRules,
};

/** In the order in which a request passes the phases. */
export const FOLDERS: readonly Folder[] = POLICY_PHASES.map((place) => ({ ...place, files: FILES[place.phase] }));
