import type { Case } from "../case.ts";

export const cases: readonly Case[] = [
  { finds: ["0"], limit: { requests_per_period: 0 } },
  {
    finds: ['{"characteristics":["ip.src","cf.colo.id"],"period":60,"mitigation_timeout":60}'],
    rule: { ratelimit: { characteristics: ["ip.src", "cf.colo.id"], period: 60, mitigation_timeout: 60 } },
  },
  { finds: ["400"], limit: { score_per_period: 400, score_response_header_name: "x-score" } },
  { finds: [], limit: {} },
  {
    finds: [],
    rule: {
      ratelimit: {
        characteristics: ["ip.src", "cf.colo.id"],
        period: 60,
        mitigation_timeout: 60,
        score_per_period: 400,
        score_response_header_name: "x-score",
      },
    },
  },
  {
    finds: ["400", ""],
    plan: "pro",
    rule: {
      ratelimit: {
        characteristics: ["ip.src", "cf.colo.id"],
        period: 60,
        mitigation_timeout: 60,
        score_per_period: 400,
      },
    },
  },
];
