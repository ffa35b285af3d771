import type { Case } from "../case.ts";

export const cases: readonly Case[] = [
  { expression: 'ip.src.country eq "de"', finds: ['"de"'], fixed: 'ip.src.country eq "DE"' },
  { expression: 'ip.src.country in {"UK" "DE" "EU"}', finds: ['"UK"', '"EU"'] },
  { expression: 'ip.src.continent eq "DE"', finds: ['"DE"'] },
  { expression: 'ip.src.country in {"DE" "T1" "XX"} and ip.src.continent eq "EU"', finds: [] },
];
