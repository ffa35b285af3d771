import type { Phase, RateLimit, Rule, Ruleset } from "../../rules/index.ts";
import { printable } from "./escape.ts";

/** What of a zone the list shows. */
export interface ListedZone {
  readonly name: string;
  readonly plan: string;
  readonly rulesets: readonly Ruleset[];
  readonly accountRulesets: readonly Ruleset[];
}

/** In the order in which a request passes them. */
const TITLES: Partial<Record<Phase, string>> = {
  http_request_dynamic_redirect: "redirects",
  http_request_firewall_custom: "custom rules",
  http_ratelimit: "rate limits",
  http_request_cache_settings: "cache rules",
};

/**
 * The rules and limits deployed in a zone, for the banner: one line for each, under its phase, in the order they run.
 */
export function deploymentLines(zone: ListedZone): readonly string[] {
  const phases = Object.keys(TITLES);
  const rulesets = [...zone.accountRulesets, ...zone.rulesets]
    .filter(({ rules }) => rules.length > 0)
    .sort((one, other) => phases.indexOf(one.phase) - phases.indexOf(other.phase));
  const head = `zone ${printable(zone.name)}, plan ${printable(zone.plan)}`;
  if (rulesets.length === 0) return [`${head}: no rules are deployed`];
  const width = Math.max(...rulesets.flatMap(({ rules }) => rules.map((rule) => nameOf(rule).length)));
  return [head, ...rulesets.flatMap((ruleset) => rulesetLines(ruleset, width))];
}

function rulesetLines({ phase, kind, rules }: Ruleset, width: number): string[] {
  const whose = kind === "root" ? " of the account" : kind === "custom" ? " of a custom ruleset" : "";
  return [
    `  ${TITLES[phase] ?? phase}${whose}`,
    ...rules.map((rule) => `    ${nameOf(rule).padEnd(width)}  ${whatOf(rule)}`),
  ];
}

const nameOf = (rule: Rule): string => printable(rule.ref ?? rule.id ?? "");

function whatOf(rule: Rule): string {
  const off = rule.enabled === false ? "(off) " : "";
  const limit = rule.ratelimit ? `${limitOf(rule.ratelimit)}; ` : "";
  const words = rule.description ? rule.description : rule.expression.replace(/\s+/g, " ");
  return `${off}${rule.action}: ${limit}${printable(words, 120)}`;
}

function limitOf(limit: RateLimit): string {
  const { characteristics, period, requests_per_period, score_per_period, mitigation_timeout } = limit;
  const by = characteristics.filter((name) => name !== "cf.colo.id").map((name) => printable(name));
  const what = requests_per_period === undefined ? `${score_per_period} points` : `${requests_per_period} requests`;
  const then = mitigation_timeout ? `, then for ${mitigation_timeout} s` : ", only what is above";
  return `more than ${what} in ${period} s${by.length > 0 ? ` by ${by.join(" and ")}` : ""}${then}`;
}
