import type { Case } from "../case.ts";

export const cases: readonly Case[] = [
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
    finds: ["0"],
    plan: "pro",
    rule: {
      ratelimit: {
        characteristics: ["ip.src", "cf.colo.id"],
        period: 60,
        requests_per_period: 10,
        mitigation_timeout: 0,
      },
    },
  },
  {
    finds: ["60"],
    plan: "pro",
    rule: {
      action: "managed_challenge",
      ratelimit: {
        characteristics: ["ip.src", "cf.colo.id"],
        period: 60,
        requests_per_period: 10,
        mitigation_timeout: 60,
      },
    },
  },
  {
    finds: ["61"],
    plan: "pro",
    rule: {
      ratelimit: {
        characteristics: ["ip.src", "cf.colo.id"],
        period: 60,
        requests_per_period: 10,
        mitigation_timeout: 61,
      },
    },
  },
  {
    finds: [],
    plan: "free",
    rule: {
      ratelimit: {
        characteristics: ["ip.src", "cf.colo.id"],
        period: 60,
        requests_per_period: 10,
        mitigation_timeout: 10,
      },
    },
  },
  {
    finds: [],
    rule: {
      ratelimit: {
        characteristics: ["ip.src", "cf.colo.id"],
        period: 60,
        requests_per_period: 10,
        mitigation_timeout: 0,
      },
    },
  },
];
