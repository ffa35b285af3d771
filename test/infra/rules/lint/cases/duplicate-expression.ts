import type { Case } from "../case.ts";

export const cases: readonly Case[] = [
  { finds: ["not  ssl"], rules: [{ expression: "not ssl" }, { expression: "not  ssl" }] },
  { finds: [], rules: [{ expression: "not ssl" }, { expression: "not ssl", action: "managed_challenge" }] },
  {
    finds: [],
    rules: [
      {
        expression: "ssl",
        action_parameters: { response: { status_code: 403, content_type: "text/plain", content: "a" } },
      },
      {
        expression: "ssl",
        action_parameters: { response: { status_code: 403, content_type: "text/plain", content: "b" } },
      },
    ],
  },
  {
    finds: ["ssl"],
    rules: [
      { expression: "ssl", action: "skip", action_parameters: { ruleset: "current", phases: ["http_ratelimit"] } },
      { expression: "ssl", action: "skip", action_parameters: { phases: ["http_ratelimit"], ruleset: "current" } },
    ],
  },
];
