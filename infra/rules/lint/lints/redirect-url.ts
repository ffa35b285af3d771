import { membersOf } from "../../engine/parameters.ts";
import type { Lint } from "../lint.ts";

export const redirectUrl: Lint = {
  name: "redirect-url",
  severity: "warning",
  about: "The target of a redirect is no URL that a browser could follow.",
  *inRule({ rule }) {
    if (rule.action !== "redirect") return;
    const { value } = membersOf(membersOf(rule.action_parameters?.from_value).target_url);
    if (typeof value !== "string" || isWebUrl(value)) return;
    yield {
      property: "action_parameters.from_value.target_url.value",
      message: "the target is no URL that a browser could follow",
      hint: "write it whole, with https://",
    };
  },
};

const isWebUrl = (value: string): boolean => URL.canParse(value) && /^https?:$/.test(new URL(value).protocol);
