/** Lets Cloudflare check the rulesets before anything is written. */
import { isDeepStrictEqual } from "node:util";
import Cloudflare from "cloudflare";
import type { PhaseRuleset } from "../policy/index.ts";
import { type PolicyList, withoutLists } from "../policy/without-rules.ts";
import { type RulesetBody, rulesetBody } from "../resources/compile.ts";
import { findEntryPoint, withoutRevision } from "./entry-points.ts";
import { type Obstacle, PreflightError } from "./obstacle.ts";
import { permissionOfPhase } from "./permissions.ts";
import type { AccountEntryPoint, Search } from "./place.ts";
import { printable } from "./printable.ts";
import { isReadFailure, reading } from "./reading.ts";

/** A ruleset of the policy, and what is in its place now. */
export interface TriedRuleset {
  readonly ruleset: PhaseRuleset;
  /** Undefined: there is none yet. */
  readonly entryPoint: AccountEntryPoint | undefined;
}

export interface Tried {
  readonly obstacles: readonly Obstacle[];
  readonly warnings: readonly string[];
}

/**
 * Cloudflare's API wrote what it should only have checked. Code `DRY_RUN_IGNORED`; the message names what may have been
 * written.
 */
export class DryRunIgnoredError extends Error {
  readonly code = "DRY_RUN_IGNORED";
  /** Pulumi prints such an error without its stack: the program is not at fault. */
  readonly __pulumiRunError = true;

  /** `how`: what of its response no dry run has. */
  constructor(api: Cloudflare, request: string, phase: string, how: string) {
    super(
      `The API at ${printable(api.baseURL)} does not know dry runs: it responded to "${request}" ${how}. ` +
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
  let isFirst = true;
  for (const { ruleset, entryPoint } of tried) {
    const body = rulesetBody(ruleset, search.site);
    if (entryPoint !== undefined && isSame(body, entryPoint)) continue;
    const obstacle = await tryRuleset(search, ruleset, withStandIns(body, missing), entryPoint);
    if (isFirst) await assertUnchanged(search, ruleset, entryPoint);
    isFirst = false;
    if (obstacle === undefined) continue;
    if (obstacle.code === "no_dry_runs") return { obstacles: [obstacle], warnings };
    if (run === "up" || obstacle.code !== "permission") obstacles.push(obstacle);
    else
      warnings.push(
        `Whether Cloudflare would accept the rules of ${ruleset.phase} is not known: ${obstacle.found}. ` +
          `${obstacle.fix}`,
      );
  }
  return { obstacles, warnings };
}

/**
 * Whether the token may write the rules of a phase: a dry run of the ruleset as it is at Cloudflare, or of the policy's
 * where there is none. Returns why it may not, or why that is not known; undefined where it may, whatever Cloudflare
 * has against the rules. @throws DryRunIgnoredError
 */
export async function tryRight(
  search: Search,
  ruleset: PhaseRuleset,
  lists: readonly PolicyList[],
): Promise<Obstacle | undefined> {
  const { obstacles, entryPoint } = await findEntryPoint(search, ruleset);
  const unread = obstacles.find(isReadFailure);
  if (unread !== undefined) return unread;
  const own = rulesetBody(ruleset, search.site);
  const body =
    entryPoint === undefined
      ? withStandIns(own, lists)
      : { ...own, ...fieldsOf(entryPoint), rules: entryPoint.rules.map(withoutRevision) };
  const obstacle = await tryRuleset(search, ruleset, body, entryPoint);
  await assertUnchanged(search, ruleset, entryPoint);
  return obstacle?.code === "ruleset_refused" ? undefined : obstacle;
}

const fieldsOf = ({ name, description }: AccountEntryPoint) => ({ name, description });

/** An API may write and respond as after a dry run: after the first one the rules have to be as they were. */
async function assertUnchanged(search: Search, { phase, rules }: PhaseRuleset, before: AccountEntryPoint | undefined) {
  const { obstacles, entryPoint: now } = await findEntryPoint(search, { phase, rules });
  // what cannot be read now was read just before, and other obstacles are about what is there
  if (now === undefined && obstacles.some(isReadFailure)) throw new PreflightError(obstacles, search.site);
  if (now?.id === before?.id && now?.version === before?.version) return;
  const request = `${before === undefined ? "POST" : "PUT"} ${path(search, before)}?dry_run=true`;
  throw new DryRunIgnoredError(search.api, request, phase, "and the rules are others since then");
}

const path = ({ account }: Pick<Search, "account">, entryPoint: AccountEntryPoint | undefined): string =>
  `/zones/${account.zoneId}/rulesets${entryPoint === undefined ? "" : `/${entryPoint.id}`}`;

async function tryRuleset(
  search: Search,
  ruleset: PhaseRuleset,
  body: RulesetBody,
  entryPoint: AccountEntryPoint | undefined,
): Promise<Obstacle | undefined> {
  const { api } = search;
  const { phase } = ruleset;
  const place = path(search, entryPoint);
  // an API that does not know dry runs would write twice
  const options = { query: { dry_run: true }, body, maxRetries: 0 };
  const request = `${entryPoint === undefined ? "POST" : "PUT"} ${place}?dry_run=true`;
  const read = await reading(
    `the rules of ${phase}`,
    permissionOfPhase(phase),
    async () => {
      let response: unknown;
      try {
        response = await (entryPoint === undefined ? api.post(place, options) : api.put(place, options));
      } catch (error) {
        if (error instanceof Cloudflare.APIError && error.status === 400) {
          return isAboutDryRuns(error) ? noDryRuns(api, error) : refused(error, ruleset, body);
        }
        throw error;
      }
      if (isAccepted(response)) return undefined;
      if (isRefusal(response)) throw unexplained(response);
      throw new DryRunIgnoredError(api, request, phase, "with a result, where a dry run has none");
    },
    "write",
  );
  return "obstacle" in read ? read.obstacle : read.value;
}

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null;

/** A dry run that found nothing: no result, and the word that it succeeded. */
const isAccepted = (response: unknown): boolean =>
  isObject(response) && response.success === true && response.result === null;

/** Without a result and without `success: true`, nothing was accepted, whatever the status is. */
const isRefusal = (response: unknown): response is Readonly<Record<string, unknown>> =>
  isObject(response) && response.success !== true && (response.result ?? null) === null;

/** A failure with the status 200, as an error of the API. */
function unexplained(response: Readonly<Record<string, unknown>>): Error {
  return Cloudflare.APIError.generate(502, response, "no success", new Headers());
}

const reasonsOf = ({ errors }: InstanceType<typeof Cloudflare.APIError>): string =>
  errors.map(({ code, message }) => `${code} ${message}`).join("; ");

/** Whether the API refuses the parameter itself, and no part of a rule. */
const isAboutDryRuns = ({ errors }: InstanceType<typeof Cloudflare.APIError>): boolean =>
  errors.some((item: { message?: string; source?: { pointer?: string } }) => {
    return /\bdry[ _-]?run/i.test(item.message ?? "") && !item.source?.pointer;
  });

/** The rules were not looked at. */
const noDryRuns = (api: Cloudflare, error: InstanceType<typeof Cloudflare.APIError>): Obstacle => ({
  code: "no_dry_runs",
  found: `the API at ${printable(api.baseURL)} does not know dry runs: ${printable(reasonsOf(error))}`,
  fix:
    "Cloudflare has dry runs since 2026-09-17: check `cloudflare:baseUrl`, and a proxy in between. Nothing was " +
    "written.",
});

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
const isSame = ({ name, description, rules }: RulesetBody, now: AccountEntryPoint): boolean =>
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
