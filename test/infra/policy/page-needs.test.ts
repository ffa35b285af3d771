// What the page needs of the edge's rate limits, which may be changed in infra/policy/rate-limits.
import { expect, test } from "@jest/globals";
import { RATE_CLASSES, type RateClass } from "../../../backend/surface.ts";
import { classLimit } from "../../../infra/policy/class-limit.ts";
import { exampleFacts, FOLDERS, type Folder, policyFor, SURFACE } from "../../../infra/policy/index.ts";
import type { Limit } from "../../../infra/policy/limit.ts";
import { createEngine, type Plan } from "../../../infra/rules/index.ts";
import { PLANS, site } from "./site.ts";

/** An office, a school: people behind one address who open the page at the same moment. */
const PEOPLE = 30;

/** What thirty people who open the page at once, and one of them who signs in, are refused. */
function refused(plan: Plan, folders: readonly Folder[] = FOLDERS): readonly string[] {
  const { rulesets } = policyFor(site, plan, SURFACE, folders);
  const zone = rulesets.map((ruleset) => ({ ...ruleset, id: ruleset.phase, kind: "zone" as const }));
  const engine = createEngine({ plan, zone });
  const load = [
    ...SURFACE.assets.map((path) => `GET ${path}`),
    "POST /api/auth/refresh",
    `GET ${SURFACE.socketPath}?EIO=4&transport=websocket`,
  ];
  const requests = [...Array.from({ length: PEOPLE }, () => load).flat(), "POST /api/auth/login"];
  return requests.filter((request) => engine.handle({ ...exampleFacts(request, site), at: 0 }).outcome !== "pass");
}

/** The policy with another limit of a class at the edge. */
const foldersWith = (rate: RateClass, limit: Limit): readonly Folder[] =>
  FOLDERS.map((folder) =>
    folder.phase === "http_ratelimit" ? { ...folder, files: [(context) => classLimit(rate, context, limit)] } : folder,
  );

test.each(PLANS)("on %s, thirty people behind one address open the page at once, and can still sign in", (plan) => {
  expect(refused(plan)).toEqual([]);
});

test("a limit of the edge that allows less than the page needs is found", () => {
  const { rate } = SURFACE.http.find(({ path }) => path === "/api/auth/refresh") ?? {};
  if (rate === undefined) throw new Error("the page does not renew its session by /api/auth/refresh");
  expect(refused("free", foldersWith(rate, { requests: PEOPLE - 1, seconds: 10 }))).toEqual(["POST /api/auth/refresh"]);
  expect(refused("free", foldersWith(rate, { requests: PEOPLE, seconds: 10 }))).toEqual([]);
});

test("a limit that is changed at the edge changes the edge alone", () => {
  const before = JSON.stringify(RATE_CLASSES);
  const { rulesets } = policyFor(site, "free", SURFACE, foldersWith("credential", { requests: 7, seconds: 10 }));
  const [limit] = rulesets.find(({ phase }) => phase === "http_ratelimit")?.rules ?? [];
  expect(limit?.ratelimit).toMatchObject({ requests_per_period: 7, period: 10 });
  expect(limit?.description).toBe("Limit credential endpoints for each address: 7 requests in 10 s");
  expect(JSON.stringify(RATE_CLASSES)).toBe(before);
});
