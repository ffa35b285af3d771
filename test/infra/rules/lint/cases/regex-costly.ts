import type { Case } from "../case.ts";

export const cases: readonly Case[] = [
  { expression: 'http.host matches "(?:ab){20000}c"', finds: ['"(?:ab){20000}c"'] },
  { expression: 'http.host matches "a.{60000}x"', finds: [] },
  { expression: 'http.host matches "^(?:a|b){3}c$"', finds: [] },
  { expression: 'http.host eq "(?:ab){20000}c"', finds: [] },
];
