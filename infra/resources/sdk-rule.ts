/** A rule in the API's words as the input that the Pulumi SDK takes. */
import type { input } from "@pulumi/cloudflare/types/index.js";
import { didYouMean, isObject } from "../rules/index.ts";
import { type Names, RULE_NAMES } from "./rule-names.ts";

/** A rule has a member that cannot be deployed. Code `RULE_MEMBER`; the message names the rule and the member. */
class RuleMemberError extends Error {
  readonly code = "RULE_MEMBER";
  /** Pulumi prints such an error without its stack: the program is not at fault. */
  readonly __pulumiRunError = true;
  /** e.g. `action_parameters.edge_ttl.mode` */
  readonly member: string;

  constructor(rule: string, member: string, what: string) {
    super(
      `The rule ${rule} cannot be deployed: ${member} ${what} Nothing was changed. Remove the member, or install a ` +
        "version of @pulumi/cloudflare that has it.",
    );
    this.name = "RuleMemberError";
    this.member = member;
  }
}

/**
 * Renames every member, at every depth. A member that the SDK does not know is refused: the provider would drop it,
 * and the deployed rule would do something else. A run that deploys nothing leaves it out.
 * @throws RuleMemberError where the run deploys
 */
export function sdkRule(rule: Readonly<Record<string, unknown>>, deploys = true): input.RulesetRule {
  const name = JSON.stringify(rule.ref ?? rule.description ?? rule.expression ?? "without a ref");
  const refuse = (member: string, what: string) => {
    if (deploys) throw new RuleMemberError(name, member, what);
  };
  return renamed(RULE_NAMES, rule, "", refuse) as unknown as input.RulesetRule;
}

/** Throws where the run deploys; else the member is left out. */
type Refuse = (member: string, what: string) => void;

function renamed(names: Names, value: unknown, at: string, refuse: Refuse): unknown {
  if (Array.isArray(value)) return value.map((item, index) => renamed(names, item, `${at}[${index}]`, refuse));
  const known = byApiName(names);
  if (!isObject(value)) {
    return refuse(at, `is ${shown(value)}; expected an object with ${[...known.keys()].join(", ")}.`);
  }
  return Object.fromEntries(
    Object.entries(value).flatMap(([api, member]) => {
      const path = at === "" ? api : `${at}.${api}`;
      const found = known.get(api);
      if (found === undefined) {
        const hint = didYouMean(api, [...known.keys()]) ?? `it has ${[...known.keys()].join(", ")}.`;
        refuse(path, `is not known to the Pulumi SDK; ${hint}`);
        return [];
      }
      const [sdk, name] = found;
      if (typeof name === "string") return [[sdk, member]];
      return [
        [sdk, "members" in name ? renamed(name.members, member, path, refuse) : each(name.each, member, path, refuse)],
      ];
    }),
  );
}

/** Keys that are data stay as they are. */
function each(names: Names, value: unknown, at: string, refuse: Refuse): unknown {
  if (!isObject(value)) return refuse(at, `is ${shown(value)}; expected an object.`);
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [key, renamed(names, item, `${at}[${JSON.stringify(key)}]`, refuse)]),
  );
}

function byApiName(names: Names): ReadonlyMap<string, readonly [sdk: string, name: Names[string]]> {
  return new Map(
    Object.entries(names).map(([sdk, name]) => [typeof name === "string" ? name : name.api, [sdk, name] as const]),
  );
}

const shown = (value: unknown): string => (JSON.stringify(value) ?? typeof value).slice(0, 100);
