import { membersOf } from "../../engine/parameters.ts";
import { compileText } from "../../evaluate/compile.ts";
import type { Lint } from "../lint.ts";

// https://developers.cloudflare.com/rules/url-forwarding/single-redirects/settings/
const STATUSES: readonly unknown[] = [301, 302, 303, 307, 308];

export const redirectTarget: Lint = {
  name: "redirect-target",
  severity: "error",
  about:
    "A redirect has one target, a URL or an expression that makes text, and a status of 301, 302, 303, 307 or 308.",
  *inRule({ rule, phase, plan }) {
    if (rule.action !== "redirect" || rule.action_parameters?.from_list !== undefined) return;
    const at = "action_parameters.from_value";
    const { status_code: status = 301, target_url: target } = membersOf(rule.action_parameters?.from_value);
    const { value, expression } = membersOf(target);
    if (!STATUSES.includes(status)) {
      yield { property: `${at}.status_code`, message: `the status of a redirect is one of ${STATUSES.join(", ")}` };
    }
    if ((value === undefined) === (expression === undefined)) {
      yield { property: `${at}.target_url`, message: "the target is either a value or an expression" };
    }
    if (value !== undefined && !isWebUrl(value)) {
      yield {
        property: `${at}.target_url.value`,
        message: "the target is no URL that a browser could follow",
        hint: "write it whole, with https://",
      };
    }
    if (typeof expression !== "string") return;
    const compiled = compileText(expression, { phase, plan });
    for (const { severity, message, hint } of compiled.ok ? [] : compiled.diagnostics) {
      yield { property: `${at}.target_url.expression`, message, severity, ...(hint && { hint }) };
    }
  },
};

const isWebUrl = (value: unknown): boolean =>
  typeof value === "string" && URL.canParse(value) && /^https?:$/.test(new URL(value).protocol);
