import { parseArgs } from "node:util";
import { type PhaseRuleset, type Plan, policyFor, type Site } from "../../infra/policy/index.ts";
import { type Defaults, PLANS, parseRequests, type RequestFacts } from "../../infra/rules/index.ts";

/** The command was used wrongly: exit code 2, and the message says how it is used. */
export class UsageError extends Error {}

/** What all commands that read the policy take. */
export const POLICY_OPTIONS = {
  plan: { type: "string", default: "free" },
  host: { type: "string", multiple: true, default: ["chat.causeway.localhost"] },
} as const;

/** `--plan` and `--host` of a command line, and the words that are left. */
export function readOptions(
  args: readonly string[],
  usage: string,
): { plan: Plan; site: Site; words: readonly string[] } {
  let parsed: { values: { plan: string; host: string[] }; positionals: string[] };
  try {
    parsed = parseArgs({ args: [...args], options: POLICY_OPTIONS, allowPositionals: true, strict: true });
  } catch (error) {
    throw new UsageError(`${error instanceof Error ? error.message : error}\n${usage}`);
  }
  const { values, positionals } = parsed;
  const plan = PLANS.find((one) => one === values.plan);
  if (!plan) throw new UsageError(`there is no plan "${values.plan}"; there are ${PLANS.join(", ")}\n${usage}`);
  return { plan, site: siteOf(values.host), words: positionals };
}

/** A site that the rules are read for: only its hostnames matter to them. */
function siteOf(hosts: readonly string[]): Site {
  const [first = "chat.causeway.localhost", ...more] = hosts;
  return {
    project: "causeway",
    stack: "rules",
    zone: { name: first.split(".").slice(-2).join(".") },
    hostnames: [first, ...more],
    origin: "http://127.0.0.1:3000",
    plan: "auto",
    zoneSettings: {},
  };
}

/** The policy's rulesets for a site and plan. */
export function rulesetsOf(site: Site, plan: Plan): readonly PhaseRuleset[] {
  return policyFor(site, plan).rulesets;
}

/** The requests of a notation. */
export function readRequests(text: string, defaults: Defaults): readonly RequestFacts[] {
  const parsed = parseRequests(text, defaults);
  if (!parsed.ok) throw new UsageError(parsed.message);
  return parsed.requests;
}

/** A request in one line. */
export function requestLine({ method, scheme, host, uri, ip }: RequestFacts): string {
  return `${method} ${scheme}://${host}${uri} from ${ip}`;
}
