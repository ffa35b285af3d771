import type { Rule } from "../../../../../infra/rules/index.ts";
import type { Case } from "../case.ts";

const redirect = (from_value: unknown, finds: readonly string[]): Case => ({
  finds,
  phase: "http_request_dynamic_redirect",
  rule: { action: "redirect", action_parameters: { from_value } satisfies Rule["action_parameters"] },
});
const to = (expression: string, finds: readonly string[] = [expression]): Case =>
  redirect({ target_url: { expression } }, finds);

export const cases: readonly Case[] = [
  redirect({ target_url: { value: "https://example.com/" }, status_code: 308 }, []),
  redirect({ target_url: { value: "https://example.com/" } }, []),
  redirect({ target_url: { value: "https://example.com/" }, status_code: 304 }, ["304"]),
  redirect(undefined, [""]),
  redirect({ target_url: {} }, ["{}"]),
  redirect({ target_url: { value: "https://a/", expression: "http.host" } }, [
    '{"value":"https://a/","expression":"http.host"}',
  ]),
  redirect({ target_url: { value: "example.com/new" } }, ["example.com/new"]),
  redirect({ target_url: { value: "javascript:alert(1)" } }, ["javascript:alert(1)"]),
  to('concat("https://", http.host, http.request.uri.path)', []),
  to('wildcard_replace(http.request.full_uri, "http://old.example/*", "https://new.example/")', []),
  to("ip.src"),
  to("ssl"),
  to("http.hots"),
  to('concat("https://", http.host'),
  to("cf.bot_management.ja3_hash", []),
  // a function of other phases
  to("sha256(http.host)"),
  { ...to("cf.bot_management.ja3_hash"), plan: "free" },
  // a bulk redirect asks a list
  {
    finds: [],
    phase: "http_request_dynamic_redirect",
    rule: { action: "redirect", action_parameters: { from_list: { name: "moved", key: "http.request.full_uri" } } },
  },
];
