import type { Case } from "../case.ts";

export const cases: readonly Case[] = [
  { finds: ['["http.host","cf.colo.id"]'], plan: "business", limit: { characteristics: ["http.host", "cf.colo.id"] } },
  {
    finds: ['["ip.src","cf.unique_visitor_id","cf.colo.id"]'],
    limit: { characteristics: ["ip.src", "cf.unique_visitor_id", "cf.colo.id"] },
  },
  { finds: ['["ssl","cf.colo.id"]'], limit: { characteristics: ["ssl", "cf.colo.id"] } },
  { finds: [], limit: { characteristics: ['http.request.headers["x-key"]', "cf.colo.id"] } },
];
