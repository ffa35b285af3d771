import { type Case, TEN_A_MINUTE } from "../case.ts";

export const cases: readonly Case[] = [
  {
    finds: ['http.request.uri.path eq "/admin/x" and ssl'],
    rules: [
      { expression: 'starts_with(http.request.uri.path, "/admin")' },
      { expression: 'http.request.uri.path eq "/admin/x" and ssl' },
    ],
  },
  {
    finds: ["ip.src in {203.0.113.7 203.0.113.9}"],
    rules: [
      { expression: "ip.src in {203.0.113.0/24} or not ssl" },
      { expression: "ip.src in {203.0.113.7 203.0.113.9}" },
    ],
  },
  {
    finds: ['http.host in {"a" "b"}'],
    rules: [
      { expression: 'http.host in {"a" "b" "c"}', action: "skip", action_parameters: { ruleset: "current" } },
      { expression: 'http.host in {"a" "b"}' },
    ],
  },
  {
    finds: ["cf.edge.server_port gt 8000"],
    rules: [{ expression: "cf.edge.server_port ge 8000" }, { expression: "cf.edge.server_port gt 8000" }],
  },
  { finds: ["ssl"], rules: [{ expression: "true" }, { expression: "ssl" }] },
  { finds: [], rules: [{ expression: "true", action: "managed_challenge" }, { expression: "ssl" }] },
  { finds: [], rules: [{ expression: "true", enabled: false }, { expression: "ssl" }] },
  { finds: [], rules: [{ expression: 'http.host in {"a" "b"}' }, { expression: 'http.host in {"a" "c"}' }] },
  {
    finds: [],
    rules: [
      { expression: 'not http.request.headers["x"][0] eq "1"' },
      { expression: 'http.request.headers["x"][0] ne "2"' },
    ],
  },
  {
    finds: ['http.request.uri.path eq "/a" or http.request.uri.path eq "/b"'],
    rules: [
      { expression: 'http.request.uri.path in {"/a" "/b" "/c"}' },
      { expression: 'http.request.uri.path eq "/a" or http.request.uri.path eq "/b"' },
    ],
  },
  {
    finds: ['http.request.uri.path eq "/a.php" and ssl'],
    rules: [
      { expression: 'http.request.uri.path contains ".ph" and ends_with(http.request.uri.path, ".php")' },
      { expression: 'http.request.uri.path eq "/a.php" and ssl' },
    ],
  },
  {
    finds: [],
    rules: [
      { expression: 'http.request.uri.path contains ".asp" or lower(http.request.uri.path) eq "/a.php"' },
      { expression: 'http.request.uri.path eq "/a.php" or ssl' },
    ],
  },
  {
    finds: [],
    rules: [
      {
        expression:
          'starts_with(http.host, "/a") or len(http.request.uri.path) gt 9 or starts_with(http.request.uri.path, http.host)',
      },
      { expression: 'http.request.uri.path eq "/a.php"' },
    ],
  },
  {
    finds: ["ssl"],
    rules: [{ expression: "true", action: "skip", action_parameters: { phase: "current" } }, { expression: "ssl" }],
  },
  {
    finds: [],
    rules: [
      { expression: "true", action: "skip", action_parameters: { phases: ["http_ratelimit"] } },
      { expression: "ssl" },
    ],
  },
  // A rate limit acts above its limit only.
  {
    finds: [],
    rules: [
      { expression: "true", ratelimit: TEN_A_MINUTE },
      { expression: "ssl", ratelimit: TEN_A_MINUTE },
    ],
  },
];
