/** One ruleset, and what each part of the kit that checks rulesets finds in it. */
import Cloudflare from "cloudflare";
import type { LocalApi } from "../../../../infra/local/api/index.ts";
import {
  apiRuleset,
  type PhaseRuleset,
  type PolicyList,
  policyDiagnostics,
  type Site,
} from "../../../../infra/policy/index.ts";
import { PreflightError, preflight } from "../../../../infra/preflight/index.ts";
import { createEngine, type Phase, type Plan, type Rule } from "../../../../infra/rules/index.ts";
import { findingsOf } from "../../../../scripts/policy-findings/findings.ts";
import { callApi } from "../../local/api/client.ts";
import { site } from "../../policy/site.ts";

/** Rules of one phase, as a policy would have them, on a plan. */
export interface Given {
  readonly phase: Phase;
  readonly plan: Plan;
  readonly rules: readonly unknown[];
  readonly lists?: readonly PolicyList[];
}

/** The code of the first thing that is refused, or what the API responds; undefined where the rules are accepted. */
export type Verdict = string | undefined;

const SOURCE = {
  file: "infra/policy/custom-rules/none.ts",
  when: "ssl",
  examples: { match: ["GET /"], pass: ["GET http://{host}/"] },
};

function policyOf({ phase, rules, lists = [] }: Given) {
  const deployed = rules.map((rule) => ({ ...(rule as Rule), source: SOURCE }));
  return { rulesets: [{ phase, name: "rules", rules: deployed } as unknown as PhaseRuleset], lists, diagnostics: [] };
}

/** `npm run rules -- check`: its errors. Lints never refuse. */
export function checkRefuses(given: Given): boolean {
  const found = findingsOf({ policy: policyOf(given), site, plan: given.plan, root: import.meta.dirname });
  return found.some(({ severity }) => severity === "error");
}

/** The Pulumi program and preflight, before the API is called. */
export function programSays(given: Given): readonly { readonly code: string; readonly pointer: string }[] {
  return policyDiagnostics(policyOf(given), given.plan);
}

/** The whole of preflight against the API, dry run included: the codes of its obstacles. */
export async function preflightSays(api: LocalApi, given: Given): Promise<readonly string[]> {
  const client = new Cloudflare({ apiToken: api.token, baseURL: api.url, logLevel: "off", maxRetries: 0 });
  const { rulesets, lists } = policyOf(given);
  const policy = { rulesets, lists, ingress: [], zoneSettings: [], diagnostics: [], report: { deployed: [] } };
  const name = zoneName(given.plan);
  const of: Site = { ...site, zone: { name }, hostnames: [`chat.${name}`] };
  try {
    await preflight(client, of, {}, { policyOf: () => policy as never });
    return [];
  } catch (error) {
    if (error instanceof PreflightError) return error.obstacles.map(({ code }) => code);
    throw error;
  }
}

/** The local API over HTTP: 200, or the pointer of the error. */
export async function apiSays(api: LocalApi, { phase, plan, rules }: Given): Promise<Verdict> {
  const zone = api.cloud.zoneOf(zoneName(plan));
  if (zone === undefined) throw new Error(`no zone on ${plan}`);
  const path = `/zones/${zone.id}/rulesets/phases/${phase}/entrypoint`;
  const { status, body } = await callApi(api, "PUT", path, { rules }, api.token);
  if (status === 200) return undefined;
  return `${status} ${body.errors[0]?.source?.pointer}`;
}

/** The engine: codes of what it does not run as Cloudflare would. */
export function engineSays(given: Given): ReadonlySet<string> {
  const [ruleset] = policyOf(given).rulesets.map(apiRuleset);
  if (ruleset === undefined) throw new Error("no ruleset");
  const zone = [{ id: "r", kind: "zone" as const, ...ruleset }];
  const { problems } = createEngine({ plan: given.plan, zone, lists: {} });
  return new Set(problems.flatMap(({ diagnostics }) => diagnostics.map(({ code }) => code)));
}

/** Each plan has a zone of its own. */
export const zoneName = (plan: Plan): string => `${plan}.example`;
