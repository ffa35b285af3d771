import { fileOfList, type Site } from "../../infra/policy/without-rules.ts";
import {
  completeFromVisitor,
  type Defaults,
  PLANS,
  parseRequests,
  type RequestFacts,
  type Visitor,
} from "../../infra/rules/index.ts";
import { readServices } from "../../infra/service-config.ts";
import { oneOf, optionList, optionWithDefault, text, UsageError } from "../command-line/index.ts";
import { readInput } from "./input.ts";

/** No rule depends on it. */
const ORIGIN = "http://127.0.0.1:3000";
const DEFAULT_HOST = "chat.causeway.localhost";

/** The options of commands that read the policy. */
export const POLICY_OPTIONS = {
  plan: optionWithDefault("--plan <plan>", `Cloudflare's plan: ${PLANS.join(", ")}`, oneOf(PLANS), "free"),
  host: optionList("--host <name>", `a hostname of the site; several where it has several (${DEFAULT_HOST})`, text),
  service: optionList(
    "--service <name>",
    "a service beside it, as in `causeway:services`: HOSTNAME or HOSTNAME/PATH",
    text,
  ),
};

/** What a request may look like, for the help of commands that take one. */
export const REQUEST_NOTATIONS = [
  'A request is written as GET /admin from 203.0.113.9 as "curl/8", or as a curl command, raw HTTP, a HAR entry or ' +
    "file, or JSON. Quote it: it is one argument. `-` reads it from standard input, `@FILE` out of a file.",
  "",
  "What only Cloudflare knows, such as a country, is the visitor's (--visitor). Write after the request what " +
    "differs, with `given` for each field: GET /admin given country=FR given asn=64496. Names are those of " +
    "Local-Visitor (country, asn, bot_score and the like), and full field names.",
].join("\n");

/**
 * The site that the policy is made for. Of a site, rules depend on its hostnames and services only. Throws `UsageError`
 * where a service is none.
 */
export function siteOf(hosts: readonly string[], services: readonly string[] = []): Site {
  const [first = DEFAULT_HOST, ...more] = hosts;
  const hostnames: Site["hostnames"] = [first, ...more];
  const given = services.map((service) => {
    const slash = service.indexOf("/");
    const place = slash < 0 ? { hostname: service } : { hostname: service.slice(0, slash), path: service.slice(slash) };
    return { ...place, origin: ORIGIN };
  });
  const read = readServices(given, { zone: undefined, hostnames }, ({ given: wrong, expected }) => {
    throw new UsageError(`--service ${JSON.stringify(wrong)}: expected ${expected}`);
  });
  return {
    project: "causeway",
    stack: "rules",
    role: "owner",
    zone: { name: first.split(".").slice(-2).join(".") },
    hostnames,
    ...(read.length > 0 && { services: read }),
    origin: ORIGIN,
    plan: "auto",
    zoneSettings: {},
  };
}

/**
 * The requests that arguments describe, each a text, `-` or `@FILE`. Values that a request does not give are the
 * visitor's. Throws `UsageError`.
 */
export async function readRequests(
  inputs: readonly string[],
  defaults: Defaults,
  visitor: Visitor = {},
): Promise<readonly RequestFacts[]> {
  const requests: RequestFacts[] = [];
  for (const input of inputs) {
    const parsed = parseRequests(await readInput(input), {
      ...defaults,
      ...(visitor.ip !== undefined && { ip: visitor.ip }),
    });
    if (!parsed.ok) throw new UsageError(parsed.message);
    requests.push(...parsed.requests.map((facts) => completeFromVisitor(facts, visitor)));
  }
  return requests;
}

/**
 * What the user can do about fields and lists that an outcome depends on and that are not known: give the request the
 * field, or put the list into a file of the policy.
 */
export function adviceFor(undetermined: readonly string[]): string {
  const lists = undetermined.filter((name) => name.startsWith("$"));
  const own = lists.filter((name) => !name.startsWith("$cf."));
  const fields = undetermined.filter((name) => !name.startsWith("$"));
  return [
    ...(fields.length === 0 ? [] : [`add to the request: ${fields.map((field) => `given ${field}=…`).join(" ")}`]),
    ...own.map((name) => `put the list into ${fileOfList(name.slice(1))}, and into the index of that folder`),
    ...(lists.length > own.length ? ["only Cloudflare has the items of its own lists ($cf.…)"] : []),
  ].join("; ");
}

/** A request in one line, and who sends it. */
export function requestLine({ method, scheme, host, uri, ip }: RequestFacts, visitor: string): string {
  return `${method} ${scheme}://${host}${uri} from ${ip}, visitor ${visitor}`;
}
