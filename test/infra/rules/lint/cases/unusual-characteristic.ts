import type { Case } from "../case.ts";

export const cases: readonly Case[] = [
  { finds: ['["ssl","cf.colo.id"]'], limit: { characteristics: ["ssl", "cf.colo.id"] } },
  { finds: [], limit: { characteristics: ['http.request.headers["x-key"]', "cf.colo.id"] } },
  { finds: [], plan: "free", limit: { characteristics: ["ssl", "cf.colo.id"] } },
];
