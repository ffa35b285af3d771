import type { Case } from "../case.ts";

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
        ratelimit: {
          characteristics: ["ip.src", "cf.colo.id"],
          period: 60,
          requests_per_period: 10,
          mitigation_timeout: 60,
        },
      },
      {
        expression: 'http.request.uri.path eq "/1"',
        ratelimit: {
          characteristics: ["ip.src", "cf.colo.id"],
          period: 60,
          requests_per_period: 10,
          mitigation_timeout: 60,
        },
      },
      {
        expression: 'http.request.uri.path eq "/2"',
        ratelimit: {
          characteristics: ["ip.src", "cf.colo.id"],
          period: 60,
          requests_per_period: 10,
          mitigation_timeout: 60,
        },
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
