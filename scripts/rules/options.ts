import { fileOfList, type Site } from "../../infra/policy/index.ts";
import { type Defaults, PLANS, parseRequests, type RequestFacts } from "../../infra/rules/index.ts";
import { oneOf, optionList, optionWithDefault, text, UsageError } from "../command-line/index.ts";
import { readInput } from "./input.ts";

const DEFAULT_HOST = "chat.causeway.localhost";

/** The options of commands that read the policy. */
export const POLICY_OPTIONS = {
  plan: optionWithDefault("--plan <plan>", `Cloudflare's plan: ${PLANS.join(", ")}`, oneOf(PLANS), "free"),
  host: optionList("--host <name>", `a hostname of the site; several where it has several (${DEFAULT_HOST})`, text),
};

/** What a request may look like, for the help of commands that take one. */
export const REQUEST_NOTATIONS =
  'A request is written as GET /admin from 203.0.113.9 as "curl/8", or as a curl command, raw HTTP, a HAR ' +
  "entry or file, or JSON. " +
  "Quote it: it\nis one argument. `-` reads it from standard input, `@FILE` out of a file.";

/** The site that the policy is made for. Of a site, rules depend on its hostnames only. */
export function siteOf(hosts: readonly string[]): Site {
  const [first = DEFAULT_HOST, ...more] = hosts;
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

/** The requests that an argument describes: a text, `-` or `@FILE`. @throws UsageError */
export function readRequests(argument: string, defaults: Defaults): readonly RequestFacts[] {
  const parsed = parseRequests(readInput(argument), defaults);
  if (!parsed.ok) throw new UsageError(parsed.message);
  return parsed.requests;
}

/**
 * What to do about fields and lists on which an outcome depends and that are not known here. A request can be given
 * fields; of a list the policy's own file is read.
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

/** A request in one line. */
export function requestLine({ method, scheme, host, uri, ip }: RequestFacts): string {
  return `${method} ${scheme}://${host}${uri} from ${ip}`;
}
