import {
  compile,
  createEngine,
  lint,
  type RequestFacts,
  type Rule,
  render,
  requestFields,
} from "../../../infra/rules/index.ts";

/** A question about one expression, or about a policy and one request. */
interface Question {
  readonly expression?: string;
  readonly rules?: readonly Rule[];
  readonly request: RequestFacts;
}

/**
 * A Worker with the whole Rules language: it responds whether an expression matches, or what a policy decides.
 */
export default {
  async fetch(asked: Request): Promise<Response> {
    const { expression, rules, request } = (await asked.json()) as Question;
    if (rules) {
      const ruleset = { id: "one", name: "one", kind: "zone", phase: "http_request_firewall_custom", rules } as const;
      const verdict = createEngine({ plan: "enterprise", zone: [ruleset] }).handle(request);
      const findings = lint({ plan: "enterprise", rulesets: [ruleset] });
      return Response.json({ outcome: verdict.outcome, by: verdict.by?.ref, codes: findings.map(({ code }) => code) });
    }
    const compiled = compile(expression ?? "");
    if (compiled.ok) return Response.json({ matches: compiled.matches(requestFields(request)) });
    return Response.json({ errors: compiled.diagnostics.map((one) => render(one, expression ?? "")) });
  },
};
