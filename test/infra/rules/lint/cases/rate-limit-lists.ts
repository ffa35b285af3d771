import type { Case } from "../case.ts";

export const cases: readonly Case[] = [
  {
    finds: ["true"],
    expression: "ip.src in $office",
    rule: {
      ratelimit: {
        characteristics: ["ip.src", "cf.colo.id"],
        period: 60,
        requests_per_period: 10,
        mitigation_timeout: 60,
        requests_to_origin: true,
      },
    },
  },
  {
    finds: ["ip.src in $office and http.response.code eq 401"],
    rule: {
      ratelimit: {
        characteristics: ["ip.src", "cf.colo.id"],
        period: 60,
        requests_per_period: 10,
        mitigation_timeout: 60,
        counting_expression: "ip.src in $office and http.response.code eq 401",
      },
    },
  },
  {
    finds: [],
    expression: "ip.src in $office",
    rule: {
      ratelimit: {
        characteristics: ["ip.src", "cf.colo.id"],
        period: 60,
        requests_per_period: 10,
        mitigation_timeout: 60,
        requests_to_origin: false,
      },
    },
  },
];
