import { toBytes } from "../../bytes.ts";
import { planName } from "../../schema/plans.ts";
import type { Lint } from "../lint.ts";

// https://developers.cloudflare.com/waf/custom-rules/create-api/ and waf/rate-limiting-rules/parameters/
const contentTypes = ["application/json", "text/html", "text/plain", "text/xml"];

export const blockResponse: Lint = {
  name: "block-response",
  severity: "error",
  about:
    "A custom response of block has a status from 400 to 499, one of four content types, at most 30 KB, and needs Pro.",
  *inRule({ rule, plan }) {
    const response = rule.action_parameters?.response;
    if (rule.action !== "block" || typeof response !== "object" || response === null) return;
    const { status_code: status, content_type: type, content } = response as Readonly<Record<string, unknown>>;
    const at = "action_parameters.response";
    if (plan === "free")
      yield { property: at, message: `a custom response needs Pro or higher, this is ${planName(plan)}` };
    if (typeof status !== "number" || !Number.isInteger(status) || status < 400 || status > 499) {
      yield { property: `${at}.status_code`, message: "the status of a custom response is from 400 to 499" };
    }
    if (typeof type !== "string" || !contentTypes.includes(type)) {
      yield { property: `${at}.content_type`, message: `the content type is one of ${contentTypes.join(", ")}` };
    }
    if (typeof content !== "string") return;
    const size = toBytes(content).length;
    if (size > 30_000) yield { property: `${at}.content`, message: `the content has ${size} bytes, more than 30,000` };
    else if (size > 2_000) {
      yield {
        property: `${at}.content`,
        severity: "warning",
        message: `the content has ${size} bytes; Cloudflare's pages name both 2 KB and 30 KB as the limit`,
      };
    }
  },
};
