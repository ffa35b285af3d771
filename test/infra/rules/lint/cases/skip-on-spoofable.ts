import type { Case } from "../case.ts";

export const cases: readonly Case[] = [
  {
    finds: ['http.user_agent contains "partner" and starts_with(http.request.uri.path, "/api")'],
    expression: 'http.user_agent contains "partner" and starts_with(http.request.uri.path, "/api")',
    rule: { action: "skip", action_parameters: { ruleset: "current" } },
  },
  {
    finds: ['ip.src eq 203.0.113.1 or http.referer contains "example.com"'],
    expression: 'ip.src eq 203.0.113.1 or http.referer contains "example.com"',
    rule: { action: "skip", action_parameters: { ruleset: "current" } },
  },
  {
    finds: [],
    expression: 'http.user_agent contains "partner" and ip.src eq 203.0.113.1',
    rule: { action: "skip", action_parameters: { ruleset: "current" } },
  },
  {
    finds: [],
    expression: 'http.request.uri.path eq "/health"',
    rule: { action: "skip", action_parameters: { ruleset: "current" } },
  },
  {
    finds: [],
    expression: 'any(http.request.headers["x-key"][*] eq "correct horse battery staple")',
    rule: { action: "skip", action_parameters: { ruleset: "current" } },
  },
  { expression: 'http.user_agent contains "bot"', finds: [] },
  {
    finds: ['not http.user_agent contains "bad"'],
    expression: 'not http.user_agent contains "bad"',
    rule: { action: "skip", action_parameters: { ruleset: "current" } },
  },
  {
    finds: ['starts_with(lower(http.referer), "https://a.example")'],
    expression: 'starts_with(lower(http.referer), "https://a.example")',
    rule: { action: "skip", action_parameters: { ruleset: "current" } },
  },
  {
    finds: [],
    expression: 'is_jwt_valid("token") or cidr(ip.src, 24, 48) eq 203.0.113.0',
    rule: { action: "skip", action_parameters: { ruleset: "current" } },
  },
];
