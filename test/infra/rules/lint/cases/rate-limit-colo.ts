import type { Case } from "../case.ts";

export const cases: readonly Case[] = [
  {
    finds: ['["ip.src"]'],
    rule: { ratelimit: { characteristics: ["ip.src"], period: 60, requests_per_period: 10, mitigation_timeout: 60 } },
  },
  {
    finds: [],
    rule: {
      ratelimit: {
        characteristics: ["ip.src", "cf.colo.id"],
        period: 60,
        requests_per_period: 10,
        mitigation_timeout: 60,
      },
    },
  },
];
