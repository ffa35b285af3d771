import type { Case } from "../case.ts";

export const cases: readonly Case[] = [
  { expression: 'lower(http.host) eq "https://example.com"', finds: ['"https://example.com"'] },
  {
    expression: 'http.host in {"example.com/" "example.com:443" "example.com:8443"}',
    finds: ['"example.com/"', '"example.com:443"'],
  },
  { expression: 'http.host eq "example.com"', finds: [] },
];
