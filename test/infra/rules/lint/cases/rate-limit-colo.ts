import type { Case } from "../case.ts";

export const cases: readonly Case[] = [
  { finds: ['["ip.src"]'], limit: { characteristics: ["ip.src"] } },
  { finds: [], limit: {} },
];
