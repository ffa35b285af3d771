import { parseArgs } from "node:util";
import { type PhaseRuleset, type Plan, policyFor, type Site } from "../../infra/policy/index.ts";
import { type Defaults, PLANS, parseRequests, type RequestFacts } from "../../infra/rules/index.ts";

/** The command was used wrongly: exit code 2, and the message says how it is used. */
export class UsageError extends Error {}

export interface Options {
  readonly plan: Plan;
  readonly site: Site;
  readonly format: string;
  /** What is left on the command line. */
  readonly words: readonly string[];
}

/** Options and words of a command that reads the policy. @throws UsageError */
export function readOptions(args: readonly string[], usage: string): Options {
  const { values, positionals } = parse(args, usage);
  const { plan: written = "free", host = ["chat.causeway.localhost"], format = "text" } = values;
  const plan = PLANS.find((one) => one === written);
  if (!plan) throw new UsageError(`there is no plan "${written}"; there are ${PLANS.join(", ")}\n${usage}`);
  return { plan, site: siteOf(host), format, words: positionals };
}

function parse(args: readonly string[], usage: string) {
  try {
    const options = {
      plan: { type: "string" },
      host: { type: "string", multiple: true },
      format: { type: "string" },
    } as const;
    return parseArgs({ args: [...args], options, allowPositionals: true });
  } catch (error) {
    throw new UsageError(`${error instanceof Error ? error.message : error}\n${usage}`);
  }
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
