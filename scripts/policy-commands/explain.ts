import {
  compile,
  compileLists,
  createEngine,
  loadProblemLine,
  type Phase,
  type RequestFacts,
  type Rule,
  requestFields,
  type Verdict,
} from "../../infra/rules/index.ts";
import { command, type OptionValues, oneOf, optionWithDefault, printForPeople } from "../command-line/index.ts";
import { readFields, valueColumn } from "./eval.ts";
import { requestArguments } from "./input.ts";
import { adviceFor, POLICY_OPTIONS, REQUEST_NOTATIONS, readRequests, requestLine, siteOf } from "./options.ts";
import { loadPolicy } from "./policy.ts";
import { chosenVisitor, VISITOR_OPTION } from "./visitor.ts";

const OPTIONS = {
  ...POLICY_OPTIONS,
  visitor: VISITOR_OPTION,
  format: optionWithDefault("--format <format>", "text, json", oneOf(["text", "json"]), "text"),
};

export const explainCommand = command({
  name: "explain",
  summary: "Says which rules of the policy see a request, in their order, and which part of each decides.",
  details: REQUEST_NOTATIONS,
  arguments: { requests: requestArguments },
  options: OPTIONS,
  failure: "the outcome depends on a field that was not given",
  examples: [
    `'GET /admin from 203.0.113.9 as "curl/8"'`,
    "'GET /admin given country=FR given asn=64496'",
    "--visitor tor @traffic.har",
  ],
  run: ({ args, options }) => explain(args.requests, options),
});

async function explain(requests: readonly string[], options: OptionValues<typeof OPTIONS>): Promise<0 | 1> {
  const { plan, host, service, visitor: visitorName, format } = options;
  const visitor = chosenVisitor(visitorName);
  const { listSpecs, policyFor } = await loadPolicy();
  const site = siteOf(host, service);
  const policy = policyFor(site, plan);
  const { rulesets } = policy;
  const lists = listSpecs(policy.lists);
  const zone = rulesets.map((ruleset) => ({ ...ruleset, id: ruleset.name, kind: "zone" as const }));
  const engine = createEngine({ plan, zone, lists });
  const read = await readRequests(requests, { host: site.hostnames[0], at: Date.now() }, visitor);
  const explained = read.map((request) => {
    const verdict = engine.handle(request);
    return {
      request: requestLine(request, visitorName),
      verdict,
      rules: [...explainRules(rulesets, verdict, request, compileLists(lists))],
    };
  });
  if (format === "json") console.log(JSON.stringify({ plan, requests: explained.map(jsonOf) }, null, 2));
  else {
    for (const { request, verdict, rules } of explained)
      printForPeople([request, ...ruleLines(rules), `  => ${conclusion(verdict)}`].join("\n"));
  }
  return explained.some(({ verdict }) => verdict.outcome === "undetermined") ? 1 : 0;
}

const jsonOf = ({
  request,
  verdict: { outcome, by, response, undetermined, rulesInDoubt, settings },
  rules,
}: {
  readonly request: string;
  readonly verdict: Verdict;
  readonly rules: readonly ExplainedRule[];
}) => ({ request, outcome, by: by?.ref, response, undetermined, rulesInDoubt, settings, rules });

type ExplainedRulesets = readonly {
  readonly phase: Phase;
  readonly rules: readonly (Rule & { readonly ref: string; readonly source?: { readonly when: string } })[];
}[];

/** What the engine did with one rule for a request. */
export interface ExplainedRule {
  readonly phase: Phase;
  readonly ref: string;
  readonly action: Rule["action"];
  /** Whether it was evaluated, and if not, why. `invalid`: Cloudflare refuses its expression. */
  readonly state: "read" | "disabled" | "skipped" | "not reached" | "invalid";
  /**
   * The result of its expression; null where it depends on a field that was not given, absent where it was not read.
   */
  readonly value?: boolean | null;
  readonly why?: string;
  readonly skippedBy?: string;
  /** A rate limit that counted the request, and is not reached. */
  readonly isCounted?: true;
}

/** The rules of each phase in their order: what each did with this request and why, or which rule skipped it. */
export function* explainRules(
  rulesets: ExplainedRulesets,
  verdict: Verdict,
  request: RequestFacts,
  lists: ReturnType<typeof compileLists> = new Map(),
): Generator<ExplainedRule> {
  const fields = requestFields(request);
  const events = new Map(verdict.events.map((event) => [`${event.phase} ${event.ref}`, event]));
  const skippedPhases = new Map<Phase, string>();
  let hasEnded = false;
  for (const { phase, rules } of rulesets) {
    for (const { ref, action, expression, ratelimit, enabled, source } of rules) {
      const rule = { phase, ref, action };
      if (hasEnded || enabled === false) {
        yield { ...rule, state: hasEnded ? "not reached" : "disabled" };
        continue;
      }
      const compiled = compile(expression, { phase, lists });
      if (!compiled.ok) {
        yield { ...rule, state: "invalid", why: compiled.diagnostics.map(({ message }) => message).join("; ") };
        continue;
      }
      const { value = null, why: wholeWhy } = readFields(() => compiled.read(fields));
      // where the guard by hostname holds too, the author's condition is the reason
      const own = value === true && source !== undefined ? compile(source.when, { phase, lists }) : undefined;
      const why = own?.ok ? own.read(fields).why : wholeWhy;
      const skippedBy = skippedPhases.get(phase);
      if (skippedBy !== undefined) {
        yield { ...rule, state: "skipped", value, why, skippedBy };
        continue;
      }
      const event = events.get(`${phase} ${ref}`);
      const isCounted = value === true && ratelimit !== undefined && event === undefined;
      yield { ...rule, state: "read", value, why, ...(isCounted && { isCounted }) };
      if (event?.skips?.rest) skippedPhases.set(phase, ref);
      for (const later of event?.skips?.phases ?? []) skippedPhases.set(later, ref);
      hasEnded = verdict.by !== undefined && event === verdict.by;
    }
  }
}

/** One line for each phase and each of its rules. */
export function ruleLines(rules: readonly ExplainedRule[]): readonly string[] {
  return rules.flatMap((rule, index) => {
    const isFirst = rules[index - 1]?.phase !== rule.phase;
    return [...(isFirst ? [`  ${rule.phase}`] : []), `    ${ruleLine(rule)}`];
  });
}

function ruleLine({ ref, action, state, value, why, skippedBy, isCounted }: ExplainedRule): string {
  const name = `${ref} (${action})`;
  if (state === "read")
    return `${valueColumn(value ?? undefined)}  ${name}: ${why}${isCounted ? "; counted, and within its limit" : ""}`;
  if (state === "skipped")
    return `-      ${name}: skipped by ${skippedBy}${value ? `; it would have matched: ${why}` : ""}`;
  if (state === "invalid") return `?      ${name}: Cloudflare refuses its expression: ${why}`;
  return `-      ${name}: ${state === "disabled" ? "not enabled" : "not reached"}`;
}

function conclusion({ outcome, by, response, undetermined, rulesInDoubt, settings }: Verdict): string {
  if (rulesInDoubt.length > 0) return `undetermined: ${rulesInDoubt.map(loadProblemLine).join("; ")}`;
  if (outcome === "undetermined") {
    return `undetermined: it depends on ${undetermined.join(", ")}; ${adviceFor(undetermined)}`;
  }
  const place = response?.location === undefined ? "" : ` to ${response.location}`;
  const status = response ? `, status ${response.status}${place}` : "";
  if (by) return `${outcome} by ${by.ref}${status}`;
  const set = Object.entries(settings).map(([name, value]) => `${name} ${JSON.stringify(value)}`);
  return set.length > 0 ? `${outcome}, with ${set.join(", ")}` : outcome;
}
