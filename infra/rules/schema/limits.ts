/** Sizes of texts as Cloudflare counts them, as of 2026-11-29. */

/** The greatest size of a text, in UTF-8 bytes or in characters (Unicode code points). */
export interface SizeLimit {
  readonly most: number;
  readonly unit: "bytes" | "characters";
}

/**
 * One expression:
 * https://developers.cloudflare.com/ruleset-engine/rules-language/expressions/#maximum-rule-expression-length
 */
export const EXPRESSION_SIZE: SizeLimit = { most: 4096, unit: "characters" };

/** The same as a number, for what writes expressions. */
export const MAX_EXPRESSION_LENGTH = EXPRESSION_SIZE.most;

/** Regular expressions of one rule: the same page. */
export const MAX_REGEXES = 64;

/**
 * The content of a custom response: 30 KB (https://developers.cloudflare.com/waf/rate-limiting-rules/parameters/).
 */
export const RESPONSE_SIZE: SizeLimit = { most: 30 * 1024, unit: "bytes" };

/**
 * What an older page names for custom rules, 2 KB; the lint `long-response` warns above it:
 * https://developers.cloudflare.com/waf/custom-rules/create-dashboard/#configure-a-custom-response-for-blocked-requests
 */
export const OLDER_RESPONSE_SIZE: SizeLimit = { most: 2000, unit: "bytes" };

/** The content of a custom error, 10 KB: https://developers.cloudflare.com/rules/custom-errors/parameters/ */
export const ERROR_SIZE: SizeLimit = { most: 10 * 1024, unit: "bytes" };

/**
 * The description of a rule or ruleset. Cloudflare documents no limit; its dashboard and other tools keep to this one.
 */
export const DESCRIPTION_SIZE: SizeLimit = { most: 500, unit: "characters" };
