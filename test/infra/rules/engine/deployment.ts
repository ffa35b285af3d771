import {
  createEngine,
  type Deployment,
  type Engine,
  type EngineOptions,
  loadProblemLine,
  type Phase,
  type RateLimit,
  type RequestFacts,
  type Rule,
  type Ruleset,
  type Verdict,
} from "../../../../infra/rules/index.ts";

/** A request to `path` from one address at time 0; `parts` replace members of it. */
export function request(path = "/", parts: Partial<RequestFacts> = {}): RequestFacts {
  return {
    method: "GET",
    host: "chat.example.com",
    uri: path,
    version: "HTTP/1.1",
    scheme: "https",
    headers: [["User-Agent", "test"]],
    ip: "203.0.113.9",
    at: 0,
    colo: "LHR",
    ...parts,
  };
}

/** The expression that matches one path. */
export const path = (value: string): string => `http.request.uri.path eq "${value}"`;

export function ruleset(phase: Phase, rules: readonly Rule[], parts: Partial<Ruleset> = {}): Ruleset {
  return { id: idOf(parts.name ?? phase), name: phase, kind: "zone", phase, rules, ...parts };
}

/** The id of the ruleset with a name: 32 hex digits. */
export function idOf(name: string): string {
  return Buffer.from(name).toString("hex").padEnd(32, "0").slice(-32);
}

/** An engine for custom rules of the zone. */
export function custom(...rules: readonly Rule[]): Engine {
  return engine({ zone: [ruleset("http_request_firewall_custom", rules)] });
}

/** An engine for a deployment that Cloudflare takes and the engine imitates. */
export function engine(parts: Partial<Deployment>, options: EngineOptions = {}): Engine {
  const made = loaded(parts, options);
  if (made.problems.length > 0) throw new Error(made.problems.map(loadProblemLine).join("\n"));
  return made;
}

/** An engine for any deployment. */
export function loaded(parts: Partial<Deployment>, options: EngineOptions = {}): Engine {
  return createEngine({ plan: "enterprise", zone: [], ...parts }, options);
}

/** A blocking rate limit on "/form" of one request in 10 s per address; `parts` replace members of it. */
export function limit(parts: Partial<RateLimit> = {}, rule: Partial<Rule> = {}): Rule {
  const { score_per_period } = parts;
  return {
    ref: "limit",
    expression: path("/form"),
    action: "block",
    ratelimit: {
      characteristics: ["cf.colo.id", "ip.src"],
      period: 10,
      mitigation_timeout: 600,
      ...(score_per_period === undefined ? { requests_per_period: 1 } : {}),
      ...parts,
    },
    ...rule,
  };
}

export function limited(...rules: readonly Rule[]): Engine {
  return engine({ zone: [ruleset("http_ratelimit", rules)] });
}

/** Sends a request, and the origin's response where it passes. */
export function send(
  to: Engine,
  facts: RequestFacts,
  status = 200,
  headers: readonly [string, string][] = [],
): Verdict {
  const verdict = to.handle(facts);
  to.respond(facts, verdict, { status, headers, fromCache: false, at: facts.at });
  return verdict;
}

/** The verdict of the second of two equal requests: the first one that a limit of one request acts on. */
export function second(to: Engine, facts: RequestFacts): Verdict {
  to.handle(facts);
  return to.handle(facts);
}

/** Outcomes of requests to "/form" sent at the given seconds. */
export function outcomesAt(to: Engine, seconds: readonly number[], parts: Partial<RequestFacts> = {}): string[] {
  return seconds.map((second) => send(to, request("/form", { at: second * 1000, ...parts })).outcome);
}
