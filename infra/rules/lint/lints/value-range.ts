import type { Lint } from "../lint.ts";
import { comparisons, integerLiterals, plainField } from "../visit.ts";

const ranges: Readonly<Record<string, readonly [low: bigint, high: bigint, what: string]>> = {
  "cf.bot_management.score": [0n, 99n, "a bot score is from 1 to 99, or 0 where none was computed"],
  "cf.waf.score": [1n, 100n, "a WAF attack score is from 1 to 99"],
  "cf.waf.score.sqli": [1n, 100n, "a WAF attack score is from 1 to 99"],
  "cf.waf.score.xss": [1n, 100n, "a WAF attack score is from 1 to 99"],
  "cf.waf.score.rce": [1n, 100n, "a WAF attack score is from 1 to 99"],
  "http.response.code": [100n, 600n, "a status is from 100 to 599"],
  "cf.edge.server_port": [1n, 65_535n, "a port is from 1 to 65535"],
  "ip.src.asnum": [0n, 4_294_967_295n, "an AS number has 32 bits"],
  "http.request.timestamp.sec": [1_262_304_000n, 4_102_444_800n, "this counts seconds since 1970"],
  "http.request.timestamp.msec": [0n, 1000n, "this is the millisecond part of the time, from 0 to 999"],
};

export const valueRange: Lint = {
  name: "value-range",
  severity: "warning",
  about: "A number that the field never has: a score over 100, a status over 599, seconds that are milliseconds.",
  *inExpression({ analysis: { condition } }) {
    if (!condition) return;
    for (const { compared } of comparisons(condition)) {
      const range = ranges[plainField(compared.left) ?? ""];
      if (!range) continue;
      const [low, high, what] = range;
      const outside = integerLiterals(compared).find(({ first, last }) => first < low || last > high);
      if (outside) yield { span: outside.span, message: what };
    }
  },
};
