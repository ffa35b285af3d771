import { OLDER_RESPONSE_SIZE } from "../../schema/limits.ts";
import { sizeOf } from "../../text-size.ts";
import type { Lint } from "../lint.ts";

export const longResponse: Lint = {
  name: "long-response",
  severity: "warning",
  about: "A custom response of more than 2 KB: Cloudflare's pages name both 2 KB and 30 KB as the limit.",
  *inRule({ rule }) {
    const response = rule.action_parameters?.response;
    if (rule.action !== "block" || typeof response !== "object" || response === null) return;
    const { content } = response as Readonly<Record<string, unknown>>;
    if (typeof content !== "string") return;
    const size = sizeOf(content, OLDER_RESPONSE_SIZE);
    if (size <= OLDER_RESPONSE_SIZE.most) return;
    yield {
      property: "action_parameters.response.content",
      message: `the content has ${size} bytes; Cloudflare's pages name both 2 KB and 30 KB as the limit`,
      hint: "keep it short, or try it on the zone first",
    };
  },
};
