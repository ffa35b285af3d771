import { type Case, TEN_A_MINUTE } from "../case.ts";

export const cases: readonly Case[] = [
  {
    finds: ["rule_11"],
    plan: "free",
    phase: "http_request_dynamic_redirect",
    rules: Array.from({ length: 11 }, (_, index) => ({
      expression: `http.request.uri.path eq "/${index}"`,
      action: "redirect",
      action_parameters: { from_value: { target_url: { value: "https://example.com/" } } },
    })),
  },
  {
    finds: ["rule_3"],
    plan: "pro",
    phase: "http_ratelimit",
    rules: [
      {
        expression: 'http.request.uri.path eq "/0"',
        ratelimit: TEN_A_MINUTE,
      },
      {
        expression: 'http.request.uri.path eq "/1"',
        ratelimit: TEN_A_MINUTE,
      },
      {
        expression: 'http.request.uri.path eq "/2"',
        ratelimit: TEN_A_MINUTE,
      },
    ],
  },
  {
    finds: [],
    plan: "free",
    rules: [
      { expression: 'http.request.uri.path eq "/0"' },
      { expression: 'http.request.uri.path eq "/1"' },
      { expression: 'http.request.uri.path eq "/2"' },
      { expression: 'http.request.uri.path eq "/3"' },
      { expression: 'http.request.uri.path eq "/4"' },
    ],
  },
  {
    finds: ["rule_6"],
    plan: "free",
    rules: [
      { expression: 'http.request.uri.path eq "/0"' },
      { expression: 'http.request.uri.path eq "/1"' },
      { expression: 'http.request.uri.path eq "/2"' },
      { expression: 'http.request.uri.path eq "/3"' },
      { expression: 'http.request.uri.path eq "/4"' },
      { expression: 'http.request.uri.path eq "/5"' },
    ],
  },
];
