/** Asks Cloudflare whether it would accept the rulesets, before anything is written. */
import { isDeepStrictEqual } from "node:util";
import Cloudflare from "cloudflare";
import type { PhaseRuleset } from "../policy/index.ts";
import { type PolicyList, withoutLists } from "../policy/without-rules.ts";
import { type RulesetBody, rulesetBody } from "../resources/compile.ts";
import { permissionOfPhase, withoutRevision } from "./entry-points.ts";
import type { Obstacle } from "./obstacle.ts";
import type { EntryPoint, Search } from "./place.ts";
import { printable } from "./printable.ts";
import { reading } from "./reading.ts";

/** A ruleset of the policy, and what is in its place now. */
export interface TriedRuleset {
  readonly ruleset: PhaseRuleset;
  /** Undefined: there is none yet. */
  readonly entryPoint: EntryPoint | undefined;
}

export interface Tried {
  readonly obstacles: readonly Obstacle[];
  readonly warnings: readonly string[];
}

/**
 * Cloudflare's API wrote what it should only have checked. Code `DRY_RUN_IGNORED`; the message says what may have been
 * written.
 */
export class DryRunIgnoredError extends Error {
  readonly code = "DRY_RUN_IGNORED";
  /** Pulumi prints such an error without its stack: the program is not at fault. */
  readonly __pulumiRunError = true;

  constructor(api: Cloudflare, request: string, phase: string) {
    super(
      `The API at ${printable(api.baseURL)} does not know dry runs: it responded to "${request}" with a ` +
        "result, where a dry run has none. " +
        `So it may have written the rules of ${phase} as the policy has them. Nothing else was written, and the ` +
        "run has stopped.\n" +
        "Look at those rules, and put them back by hand where they must not be there yet. Cloudflare has dry runs " +
        "since 2026-09-17: check `cloudflare:baseUrl`, and a proxy that drops the query.",
    );
    this.name = "DryRunIgnoredError";
  }
}

/**
 * Sends each ruleset that the run would create or change with `dry_run=true`, one after the other: the same checks of
 * rights, entitlements and references as for the write, and nothing is stored
 * (https://developers.cloudflare.com/api/resources/rulesets/). A missing right is an obstacle in `up`; in `preview` it
 * is a warning, since a token that only reads may preview. `missing`: lists that the run itself makes.
 * @throws DryRunIgnoredError
 */
export async function tryRulesets(
  search: Search,
  tried: readonly TriedRuleset[],
  { run, missing }: { readonly run: "preview" | "up"; readonly missing: readonly PolicyList[] },
): Promise<Tried> {
  const obstacles: Obstacle[] = [];
  const warnings: string[] = [];
  for (const { ruleset, entryPoint } of tried) {
    const body = rulesetBody(ruleset, search.site);
    if (entryPoint !== undefined && isSame(body, entryPoint)) continue;
    const obstacle = await tryRuleset(search, ruleset, withStandIns(body, missing), entryPoint);
    if (obstacle === undefined) continue;
    if (run === "up" || obstacle.code !== "permission") obstacles.push(obstacle);
    else
      warnings.push(
        `Whether Cloudflare would accept the rules of ${ruleset.phase} is not known: ${obstacle.found}. ` +
          `${obstacle.fix}`,
      );
  }
  return { obstacles, warnings };
}

async function tryRuleset(
  { api, account }: Search,
  ruleset: PhaseRuleset,
  body: RulesetBody,
  entryPoint: EntryPoint | undefined,
): Promise<Obstacle | undefined> {
  const { phase } = ruleset;
  const path = `/zones/${account.zoneId}/rulesets${entryPoint === undefined ? "" : `/${entryPoint.id}`}`;
  // an API that does not know dry runs would write twice
  const options = { query: { dry_run: true }, body, maxRetries: 0 };
  const read = await reading(
    `the rules of ${phase}`,
    permissionOfPhase(phase),
    async () => {
      let response: unknown;
      try {
        response = await (entryPoint === undefined ? api.post(path, options) : api.put(path, options));
      } catch (error) {
        if (error instanceof Cloudflare.APIError && error.status === 400) return refused(error, ruleset, body);
        throw error;
      }
      if (typeof response === "object" && response !== null && "result" in response && response.result === null)
        return undefined;
      throw new DryRunIgnoredError(api, `${entryPoint === undefined ? "POST" : "PUT"} ${path}?dry_run=true`, phase);
    },
    "write",
  );
  return "obstacle" in read ? read.obstacle : read.value;
}

/** What Cloudflare has against the ruleset, with the rule that it points to. */
function refused(error: InstanceType<typeof Cloudflare.APIError>, { phase, rules }: PhaseRuleset, body: RulesetBody) {
  const reasons = error.errors.map((item: { code?: number; message?: string; source?: { pointer?: string } }) => {
    const pointer = item.source?.pointer ?? "";
    const ref = body.rules[Number(/^\/rules\/(\d+)/.exec(pointer)?.[1] ?? -1)]?.ref;
    const own = rules.find((rule) => rule.ref === ref);
    const place = own === undefined ? "" : ` in ${own.source.file}`;
    const rule = ref === undefined ? "" : `rule ${String(ref)}${place}: `;
    return `${rule}${item.code} ${item.message}${pointer === "" ? "" : ` (${pointer})`}`;
  });
  return {
    code: "ruleset_refused",
    found: `Cloudflare would refuse the rules of ${phase}: ${reasons.join("; ") || "no reason given"}`,
    fix:
      "Correct what it names, in infra/policy or in `adopt`; `npm run rules -- check` says what is known " +
      "beforehand.",
  };
}

/** Whether the run would leave the ruleset as it is. */
const isSame = ({ name, description, rules }: RulesetBody, now: EntryPoint): boolean =>
  name === now.name &&
  description === now.description &&
  isDeepStrictEqual(plain(rules), plain(now.rules.map(withoutRevision)));

const plain = (rules: readonly object[]): unknown => significant(JSON.parse(JSON.stringify(rules)));

/** Without empty objects, which the provider sends and the API returns. */
function significant(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(significant);
  if (typeof value !== "object" || value === null) return value;
  const members = Object.entries(value).map(([name, member]) => [name, significant(member)] as const);
  return Object.fromEntries(members.filter(([, member]) => !isEmpty(member)));
}

const isEmpty = (value: unknown): boolean =>
  value === undefined || value === null || (typeof value === "object" && Object.keys(value).length === 0);

/**
 * The ruleset with values in the place of lists that do not exist yet: Cloudflare refuses a list that it does not have.
 */
function withStandIns(body: RulesetBody, missing: readonly PolicyList[]): RulesetBody {
  if (missing.length === 0) return body;
  const replaced = (text: unknown): unknown => (typeof text === "string" ? withoutLists(text, missing) : text);
  return {
    ...body,
    rules: body.rules.map((rule) => {
      const { ratelimit } = rule;
      const limit = typeof ratelimit === "object" && ratelimit !== null ? { ...ratelimit } : undefined;
      if (limit !== undefined && "counting_expression" in limit)
        limit.counting_expression = replaced(limit.counting_expression);
      return { ...rule, expression: replaced(rule.expression), ...(limit === undefined ? {} : { ratelimit: limit }) };
    }),
  };
}
