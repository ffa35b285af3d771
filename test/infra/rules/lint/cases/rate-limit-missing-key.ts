import type { Case } from "../case.ts";

export const cases: readonly Case[] = [
  {
    finds: ['["http.request.headers[\\"x-key\\"]","cf.colo.id"]'],
    rule: {
      ratelimit: {
        characteristics: ['http.request.headers["x-key"]', "cf.colo.id"],
        period: 60,
        requests_per_period: 10,
        mitigation_timeout: 60,
      },
    },
  },
  {
    finds: [],
    expression: 'len(http.request.headers["x-key"]) gt 0',
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
