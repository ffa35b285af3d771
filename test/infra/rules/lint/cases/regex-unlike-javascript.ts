import type { Case } from "../case.ts";

export const cases: readonly Case[] = [
  { expression: 'http.host matches "\\<api\\>"', finds: ['"\\<api\\>"'] },
  { expression: 'http.host matches "[a-z&&[^b]]"', finds: ['"[a-z&&[^b]]"'] },
  { expression: 'http.host matches "a++"', finds: ['"a++"'] },
  { expression: 'http.host matches "é+"', finds: ['"é+"'] },
  { expression: 'http.host matches "^[a-z\\[]+\\.com$" and http.host matches "[[:alpha:]]"', finds: [] },
];
