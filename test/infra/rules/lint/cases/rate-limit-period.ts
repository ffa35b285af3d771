import type { Case } from "../case.ts";

export const cases: readonly Case[] = [
  {
    finds: ["61"],
    rule: {
      ratelimit: {
        characteristics: ["ip.src", "cf.colo.id"],
        period: 61,
        requests_per_period: 10,
        mitigation_timeout: 60,
      },
    },
  },
  {
    finds: ["60"],
    plan: "free",
    rule: {
      ratelimit: {
        characteristics: ["ip.src", "cf.colo.id"],
        period: 60,
        requests_per_period: 10,
        mitigation_timeout: 60,
      },
    },
  },
  {
    finds: ["15"],
    rule: {
      ratelimit: {
        characteristics: ["ip.src", "cf.colo.id"],
        period: 15,
        requests_per_period: 10,
        mitigation_timeout: 60,
      },
    },
  },
  {
    finds: [],
    plan: "free",
    rule: {
      ratelimit: {
        characteristics: ["ip.src", "cf.colo.id"],
        period: 10,
        requests_per_period: 10,
        mitigation_timeout: 60,
      },
    },
  },
];
