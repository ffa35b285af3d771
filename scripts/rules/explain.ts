import {
  type Compiled,
  compile,
  createEngine,
  type Phase,
  type RequestFacts,
  type Rule,
  render,
  requestFields,
  type Verdict,
} from "../../infra/rules/index.ts";
import { argumentsFromOne, command, type OptionValues } from "../command-line/index.ts";
import { readFields, word } from "./eval.ts";
import { POLICY_OPTIONS, REQUEST_NOTATIONS, readRequests, requestLine, rulesetsOf, siteOf } from "./options.ts";

export const explainCommand = command({
  name: "explain",
  summary: "Says which rules of the policy see a request, in their order, and which part of each decides.",
  details: REQUEST_NOTATIONS,
  arguments: { requests: argumentsFromOne("requests") },
  options: POLICY_OPTIONS,
  failure: "the outcome depends on a field that was not given",
  examples: [`'GET /admin from 203.0.113.9 as "curl/8"'`],
  run: ({ args, options }) => explain(args.requests, options),
});

function explain(requests: readonly string[], { plan, host }: OptionValues<typeof POLICY_OPTIONS>): 0 | 1 {
  const site = siteOf(host);
  const rulesets = rulesetsOf(site, plan);
  const zone = rulesets.map((ruleset) => ({ ...ruleset, id: ruleset.name, kind: "zone" as const }));
  const engine = createEngine({ plan, zone });
  let failed = false;
  for (const request of requests.flatMap((text) => readRequests(text, { host: site.hostnames[0], at: Date.now() }))) {
    console.log(requestLine(request));
    const verdict = engine.handle(request);
    for (const line of explainRules(rulesets, verdict, request)) console.log(line);
    console.log(`  => ${conclusion(verdict)}`);
    failed ||= verdict.outcome === "undetermined";
  }
  return failed ? 1 : 0;
}

type Rulesets = readonly {
  readonly phase: Phase;
  readonly rules: readonly (Rule & { readonly ref: string })[];
}[];

/**
 * One line for each phase and each of its rules: what it was for this request and why, or by which rule it was
 * skipped.
 */
export function* explainRules(rulesets: Rulesets, verdict: Verdict, request: RequestFacts): Generator<string> {
  const fields = requestFields(request);
  const events = new Map(verdict.events.map((event) => [`${event.phase} ${event.ref}`, event]));
  const leftOut = new Map<Phase, string>();
  let ended = false;
  for (const { phase, rules } of rulesets) {
    yield `  ${phase}`;
    for (const { ref, action, expression, ratelimit } of rules) {
      if (ended) {
        yield `    -      ${ref} (${action}): not reached`;
        continue;
      }
      const { value, why } = readFields(() => compiled(expression).read(fields));
      const skippedBy = leftOut.get(phase);
      if (skippedBy !== undefined) {
        yield `    -      ${ref} (${action}): skipped by ${skippedBy}${value ? `; it would have matched: ${why}` : ""}`;
        continue;
      }
      const event = events.get(`${phase} ${ref}`);
      const counted = value && ratelimit && !event ? "; counted, and within its limit" : "";
      yield `    ${word(value)}  ${ref} (${action}): ${why}${counted}`;
      if (event?.skips?.rest) leftOut.set(phase, ref);
      for (const later of event?.skips?.phases ?? []) leftOut.set(later, ref);
      ended = verdict.by !== undefined && event === verdict.by;
    }
  }
}

function compiled(expression: string): Compiled {
  const result = compile(expression);
  if (!result.ok) throw new Error(result.diagnostics.map((one) => render(one, expression)).join("\n"));
  return result;
}

function conclusion({ outcome, by, response, undetermined, settings }: Verdict): string {
  if (outcome === "undetermined") {
    const give = undetermined.map((field) => `given ${field}=…`).join(" ");
    return `undetermined: it depends on ${undetermined.join(", ")}; add to the request: ${give}`;
  }
  const place = response?.location === undefined ? "" : ` to ${response.location}`;
  const status = response ? `, status ${response.status}${place}` : "";
  if (by) return `${outcome} by ${by.ref}${status}`;
  const set = Object.entries(settings).map(([name, value]) => `${name} ${JSON.stringify(value)}`);
  return set.length > 0 ? `${outcome}, with ${set.join(", ")}` : outcome;
}
