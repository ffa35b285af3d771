import type { Action, Phase } from "../../engine/types.ts";
import type { Lint } from "../lint.ts";

const challenges: readonly Action[] = ["managed_challenge", "js_challenge", "challenge"];
const actions: Readonly<Partial<Record<Phase, readonly Action[]>>> = {
  http_request_firewall_custom: ["block", ...challenges, "log", "skip", "execute"],
  http_ratelimit: ["block", ...challenges, "log", "execute"],
  http_request_cache_settings: ["set_cache_settings"],
  http_config_settings: ["set_config"],
  http_request_dynamic_redirect: ["redirect"],
  http_request_transform: ["rewrite"],
  http_request_late_transform: ["rewrite"],
  http_response_headers_transform: ["rewrite"],
  http_request_origin: ["route"],
  http_custom_errors: ["serve_error"],
};

export const actionPhase: Lint = {
  name: "action-phase",
  severity: "error",
  about: "The phase does not have the action.",
  *inRule({ rule, phase }) {
    const known = actions[phase];
    if (known && !known.includes(rule.action)) {
      yield {
        property: "action",
        message: `${phase} has no action ${rule.action}`,
        hint: `it has ${known.join(", ")}`,
      };
    }
  },
};
