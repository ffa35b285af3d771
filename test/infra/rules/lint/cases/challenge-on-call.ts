import type { Case } from "../case.ts";

const calledPaths = ["/api/auth/login", "/api/rooms", "/socket.io/"];
const rule = { action: "managed_challenge" } as const;
const login = 'http.request.uri.path eq "/api/auth/login"';

export const cases: readonly Case[] = [
  { calledPaths, rule, expression: login, finds: [login] },
  { calledPaths, rule: { action: "js_challenge" }, expression: login, finds: [login] },
  { calledPaths, rule: { action: "challenge" }, limit: {}, expression: login, finds: [login] },
  {
    calledPaths,
    rule,
    expression: 'starts_with(http.request.uri.path, "/api/") and ip.src.country eq "DE"',
    finds: ['starts_with(http.request.uri.path, "/api/") and ip.src.country eq "DE"'],
  },
  {
    calledPaths,
    rule,
    expression: 'http.host eq "a.example" and raw.http.request.uri.path contains "/socket.io/"',
    finds: ['http.host eq "a.example" and raw.http.request.uri.path contains "/socket.io/"'],
  },
  {
    calledPaths,
    rule,
    expression: 'lower(http.request.uri.path) wildcard "/api/*" and http.user_agent wildcard "*bot*"',
    finds: ['lower(http.request.uri.path) wildcard "/api/*" and http.user_agent wildcard "*bot*"'],
  },
  // The page is challenged too, and its clearance covers the calls.
  { calledPaths, rule, expression: 'ip.src.country eq "DE"', finds: [] },
  { calledPaths, rule, expression: "true", finds: [] },
  { calledPaths, rule, expression: 'http.request.uri.path eq "/admin"', finds: [] },
  { calledPaths, rule: { action: "block" }, expression: login, finds: [] },
  { calledPaths, rule: { ...rule, enabled: false }, expression: login, finds: [] },
  { calledPaths, rule, expression: "http.hots", finds: [] },
  { rule, expression: login, finds: [] },
];
