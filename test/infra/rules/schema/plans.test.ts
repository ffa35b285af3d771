import { expect, test } from "@jest/globals";
import { maxRulesOf, periodsOf, timeoutsOf } from "../../../../infra/rules/index.ts";

// https://developers.cloudflare.com/waf/rate-limiting-rules/#availability and the phases' own pages
test("a phase takes as many rules as the plan's page says", () => {
  expect([
    maxRulesOf("http_request_firewall_custom", "free"),
    maxRulesOf("http_request_firewall_custom", "pro"),
  ]).toEqual([5, 20]);
  expect([maxRulesOf("http_ratelimit", "free"), maxRulesOf("http_ratelimit", "business")]).toEqual([1, 5]);
  expect(maxRulesOf("http_request_dynamic_redirect", "free")).toBe(10);
  expect(maxRulesOf("http_request_firewall_managed", "free")).toBe(1000);
});

test("Free counts over ten seconds and acts for ten, a challenge has no time of its own; Enterprise throttles", () => {
  expect(periodsOf("free")).toEqual([10]);
  expect(periodsOf("pro").at(-1)).toBe(60);
  expect(timeoutsOf("free", "block")).toEqual([10]);
  expect(timeoutsOf("business", "managed_challenge")).toEqual([0]);
  expect(timeoutsOf("enterprise", "block")).toContain(0);
});
