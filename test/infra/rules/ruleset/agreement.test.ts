/**
 * One place decides: `rules check`, the Pulumi program with preflight, the local API over HTTP and the engine find the
 * same in a ruleset. Only the form of their messages differs.
 */
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import { type LocalApi, startApi } from "../../../../infra/local/api/index.ts";
import { PLANS } from "../../../../infra/rules/index.ts";
import { callApi } from "../../local/api/client.ts";
import { CASES, type RuleCase, TABLE_J } from "./cases.ts";
import { mutated, ruleset } from "./rulesets.ts";
import { apiSays, checkRefuses, engineSays, type Given, preflightSays, programSays, zoneName } from "./verdicts.ts";

/** Number of random rulesets of each kind; `.ci/run` sets more. */
const RUNS = Number(process.env.CAUSEWAY_AGREEMENT_RUNS ?? 100);
const TIMEOUT_MS = 180_000;

const SEED = { zones: PLANS.map((plan) => ({ name: zoneName(plan), plan })) };
let api: LocalApi;
beforeAll(async () => {
  api = await startApi({ seed: SEED });
  const list = { name: "office", kind: "ip", description: "" };
  await callApi(api, "POST", `/accounts/${api.accountId}/rules/lists`, list, api.token);
});
afterAll(() => api.close());

const OFFICE: Given["lists"] = [{ name: "office", kind: "ip", description: "", items: [] }];
const givenOf = ({ phase, plan, rules, lists }: RuleCase): Given => ({
  phase,
  plan,
  rules: JSON.parse(JSON.stringify(rules)) as unknown[],
  lists: lists.length > 0 ? OFFICE : [],
});

/** Asserts that every part finds the same; returns the codes of what is refused. */
async function agreed(given: Given): Promise<readonly string[]> {
  const said = programSays(given);
  const codes = said.map(({ code }) => code);
  expect({ codes, check: checkRefuses(given) }).toEqual({ codes, check: codes.length > 0 });
  const [first] = said;
  // the API refuses such a body as a whole, before it looks for rules in it: no part of it is named
  const pointer = JSON.stringify(given.rules).includes('"__proto__":') ? undefined : first?.pointer;
  expect({ codes, api: await apiSays(api, given) }).toEqual({ codes, api: first && `400 ${pointer}` });
  return codes;
}

describe("table J", () => {
  test.each(TABLE_J.map((one) => [one.name, one] as const))("J: %s", async (_name, one) => {
    const given = givenOf(one);
    expect(await agreed(given)).toEqual(one.codes);
    expect(await preflightSays(api, given)).toEqual(one.codes.map((code) => `policy.${code}`));
    expect([...engineSays(given)]).toEqual(expect.arrayContaining([...one.codes]));
  });
});

describe("what lints refused", () => {
  test.each(CASES.map((one) => [one.name, one] as const))("%s", async (_name, one) => {
    expect([...new Set(await agreed(givenOf(one)))]).toEqual(one.codes);
  });
});

test("a member named __proto__ is refused by every part", async () => {
  const ref: unknown = JSON.parse('{"__proto__": null}');
  const rules = [{ ref, expression: "ssl", action: "block" }];
  expect(await agreed({ phase: "http_request_firewall_custom", plan: "free", rules })).toEqual(["wrong-type"]);
});

test("a ruleset that every part accepts passes preflight and its dry run", async () => {
  const [one] = CASES.filter(({ name }) => name === "five custom rules on Free");
  if (one === undefined) throw new Error("no such case");
  const empty = await startApi({ seed: SEED });
  try {
    expect(await preflightSays(empty, givenOf(one))).toEqual([]);
  } finally {
    await empty.close();
  }
});

test(
  "rulesets that are right are accepted by every part",
  async () => {
    await fc.assert(
      fc.asyncProperty(ruleset, async (given) => {
        expect(await agreed(given)).toEqual([]);
      }),
      { numRuns: RUNS },
    );
  },
  TIMEOUT_MS,
);

test(
  "rulesets with one mutation meet the same verdict everywhere",
  async () => {
    let refused = 0;
    await fc.assert(
      fc.asyncProperty(mutated, async (given) => {
        if ((await agreed(given)).length > 0) refused += 1;
      }),
      { numRuns: RUNS },
    );
    // the mutations are no test where all of them are harmless
    expect(refused).toBeGreaterThan(RUNS / 4);
  },
  TIMEOUT_MS,
);
