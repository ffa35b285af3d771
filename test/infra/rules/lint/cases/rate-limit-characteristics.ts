import type { Case } from "../case.ts";

export const cases: readonly Case[] = [
  {
    finds: ['["http.host","cf.colo.id"]'],
    plan: "business",
    rule: {
      ratelimit: {
        characteristics: ["http.host", "cf.colo.id"],
        period: 60,
        requests_per_period: 10,
        mitigation_timeout: 60,
      },
    },
  },
  {
    finds: ['["ip.src","cf.unique_visitor_id","cf.colo.id"]'],
    rule: {
      ratelimit: {
        characteristics: ["ip.src", "cf.unique_visitor_id", "cf.colo.id"],
        period: 60,
        requests_per_period: 10,
        mitigation_timeout: 60,
      },
    },
  },
  {
    finds: ['["ssl","cf.colo.id"]'],
    rule: {
      ratelimit: {
        characteristics: ["ssl", "cf.colo.id"],
        period: 60,
        requests_per_period: 10,
        mitigation_timeout: 60,
      },
    },
  },
  {
    finds: [],
    rule: {
      ratelimit: {
        characteristics: ['http.request.headers["x-key"]', "cf.colo.id"],
        period: 60,
        requests_per_period: 10,
        mitigation_timeout: 60,
      },
    },
  },
];
