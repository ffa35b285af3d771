import type { Case } from "../case.ts";

export const cases: readonly Case[] = [
  { expression: 'http.host eq "a.example.com"', finds: [""], hostnames: ["a.example.com", "b.example.com"] },
  { expression: "ssl", finds: [], hostnames: ["a.example.com"] },
  {
    expression: 'http.host in {"a.example.com" "b.example.com"}',
    finds: [],
    hostnames: ["a.example.com", "b.example.com"],
  },
];
