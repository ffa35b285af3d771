import type { Lint } from "./lint.ts";
import { addressOrder } from "./lints/address-order.ts";
import { allOfMissing } from "./lints/all-of-missing.ts";
import { anyNotEqual } from "./lints/any-not-equal.ts";
import { caseNeverMatches } from "./lints/case-never-matches.ts";
import { challengeOnCall } from "./lints/challenge-on-call.ts";
import { cloudflareAddress } from "./lints/cloudflare-address.ts";
import { commaInSet } from "./lints/comma-in-set.ts";
import { commentInExpression } from "./lints/comment-in-expression.ts";
import { constantField } from "./lints/constant-field.ts";
import { constantRule } from "./lints/constant-rule.ts";
import { contradiction } from "./lints/contradiction.ts";
import { countryCode } from "./lints/country-code.ts";
import { deprecatedField } from "./lints/deprecated-field.ts";
import { disabledRule } from "./lints/disabled-rule.ts";
import { doubleNegation } from "./lints/double-negation.ts";
import { duplicateExpression } from "./lints/duplicate-expression.ts";
import { duplicateInSet } from "./lints/duplicate-in-set.ts";
import { emptySet } from "./lints/empty-set.ts";
import { encodedPath } from "./lints/encoded-path.ts";
import { extensionDot } from "./lints/extension-dot.ts";
import { headerKeyCase } from "./lints/header-key-case.ts";
import { headerNamesCase } from "./lints/header-names-case.ts";
import { hostBits } from "./lints/host-bits.ts";
import { hostCase } from "./lints/host-case.ts";
import { hostLiteral } from "./lints/host-literal.ts";
import { hostnameNotServed } from "./lints/hostname-not-served.ts";
import { hostnameWithoutRule } from "./lints/hostname-without-rule.ts";
import { literalLooksLikePattern } from "./lints/literal-looks-like-pattern.ts";
import { longResponse } from "./lints/long-response.ts";
import { mappedAddress } from "./lints/mapped-address.ts";
import { methodCase } from "./lints/method-case.ts";
import { missingRef } from "./lints/missing-ref.ts";
import { missingValue } from "./lints/missing-value.ts";
import { mixedAndOr } from "./lints/mixed-and-or.ts";
import { mixedNotation } from "./lints/mixed-notation.ts";
import { negativeLength } from "./lints/negative-length.ts";
import { octalInteger } from "./lints/octal-integer.ts";
import { overlapInSet } from "./lints/overlap-in-set.ts";
import { pathLiteral } from "./lints/path-literal.ts";
import { pathRegexQuery } from "./lints/path-regex-query.ts";
import { quantifierNeedsParentheses } from "./lints/quantifier-needs-parentheses.ts";
import { rateLimitCounting } from "./lints/rate-limit-counting.ts";
import { rateLimitFields } from "./lints/rate-limit-fields.ts";
import { rateLimitMissingKey } from "./lints/rate-limit-missing-key.ts";
import { rateLimitResponse } from "./lints/rate-limit-response.ts";
import { rawPath } from "./lints/raw-path.ts";
import { redirectUrl } from "./lints/redirect-url.ts";
import { regexBacktracks } from "./lints/regex-backtracks.ts";
import { regexCostly } from "./lints/regex-costly.ts";
import { regexDoubleEscape } from "./lints/regex-double-escape.ts";
import { regexLiteral } from "./lints/regex-literal.ts";
import { regexMatchesEverything } from "./lints/regex-matches-everything.ts";
import { regexUnescapedDot } from "./lints/regex-unescaped-dot.ts";
import { regexUnlikeJavascript } from "./lints/regex-unlike-javascript.ts";
import { ruleShadowed } from "./lints/rule-shadowed.ts";
import { skipOnSpoofable } from "./lints/skip-on-spoofable.ts";
import { skipScope } from "./lints/skip-scope.ts";
import { skipTooLate } from "./lints/skip-too-late.ts";
import { spoofableAddress } from "./lints/spoofable-address.ts";
import { substringBounds } from "./lints/substring-bounds.ts";
import { surroundingSpace } from "./lints/surrounding-space.ts";
import { tabInExpression } from "./lints/tab-in-expression.ts";
import { tautology } from "./lints/tautology.ts";
import { unroutableAddress } from "./lints/unroutable-address.ts";
import { unusualCharacteristic } from "./lints/unusual-characteristic.ts";
import { unusualPeriod } from "./lints/unusual-period.ts";
import { useIn } from "./lints/use-in.ts";
import { valueRange } from "./lints/value-range.ts";
import { wildcardWithLower } from "./lints/wildcard-with-lower.ts";
import { wildcardWithoutStar } from "./lints/wildcard-without-star.ts";

/**
 * Every lint: first those that correct what the parser refuses, then likely mistakes, security first, then style. What
 * else Cloudflare refuses is found by the validator.
 */
export const LINTS: readonly Lint[] = [
  tabInExpression,
  commaInSet,
  commentInExpression,
  quantifierNeedsParentheses,
  hostBits,
  redirectUrl,
  rateLimitFields,
  unusualCharacteristic,
  longResponse,
  challengeOnCall,
  skipOnSpoofable,
  spoofableAddress,
  skipScope,
  skipTooLate,
  ruleShadowed,
  duplicateExpression,
  constantRule,
  contradiction,
  tautology,
  caseNeverMatches,
  headerKeyCase,
  hostLiteral,
  pathLiteral,
  pathRegexQuery,
  encodedPath,
  methodCase,
  countryCode,
  valueRange,
  extensionDot,
  negativeLength,
  substringBounds,
  octalInteger,
  mappedAddress,
  unroutableAddress,
  cloudflareAddress,
  addressOrder,
  allOfMissing,
  anyNotEqual,
  emptySet,
  duplicateInSet,
  overlapInSet,
  regexMatchesEverything,
  regexDoubleEscape,
  regexUnescapedDot,
  literalLooksLikePattern,
  constantField,
  deprecatedField,
  missingRef,
  rateLimitCounting,
  hostnameNotServed,
  missingValue,
  headerNamesCase,
  hostCase,
  rawPath,
  regexUnlikeJavascript,
  regexBacktracks,
  regexCostly,
  regexLiteral,
  wildcardWithLower,
  wildcardWithoutStar,
  useIn,
  doubleNegation,
  mixedNotation,
  mixedAndOr,
  surroundingSpace,
  disabledRule,
  rateLimitResponse,
  rateLimitMissingKey,
  hostnameWithoutRule,
  unusualPeriod,
];
