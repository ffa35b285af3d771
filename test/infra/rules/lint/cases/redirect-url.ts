import type { Case } from "../case.ts";

const to = (value: string, finds: readonly string[]): Case => ({
  finds,
  phase: "http_request_dynamic_redirect",
  rule: { action: "redirect", action_parameters: { from_value: { target_url: { value } } } },
});

export const cases: readonly Case[] = [
  to("https://example.com/", []),
  to("example.com/new", ["example.com/new"]),
  to("javascript:alert(1)", ["javascript:alert(1)"]),
  {
    finds: [],
    phase: "http_request_dynamic_redirect",
    rule: { action: "redirect", action_parameters: { from_value: { target_url: { expression: "http.host" } } } },
  },
];
