import type { Case } from "../case.ts";

export const cases: readonly Case[] = [
  {
    expression: 'lower(http.host) in {"chat.example.com" "old.example.com"}',
    finds: ['lower(http.host) in {"chat.example.com" "old.example.com"}'],
    hostnames: ["chat.example.com"],
  },
  { expression: 'http.host eq "chat.example.com"', finds: [], hostnames: ["*.example.com"] },
  { expression: 'http.host in {"a.example.com" "a.example.com."}', finds: [], hostnames: ["a.example.com"] },
  { expression: 'http.host eq "a.example.com"', finds: [] },
  { expression: 'not http.host eq "a.example.com"', finds: [], hostnames: ["chat.example.com"] },
];
