import { toBytes } from "../bytes.ts";
import type { CompiledCondition, Readable } from "./language.ts";
import type { PlacedRule } from "./parameters.ts";
import { holds, note, noted, type RuleStep, type Run } from "./run.ts";

/** The compiled parts of a redirect. */
export interface RedirectRule {
  readonly placed: PlacedRule;
  readonly condition: CompiledCondition;
  /** A URL as it is written, or what makes one. */
  readonly target: string | Readable;
  readonly status: number;
  readonly keepsQuery: boolean;
}

/**
 * A single redirect (https://developers.cloudflare.com/rules/url-forwarding/single-redirects/): the first that
 * matches ends the request's way, before any other phase sees it. What Cloudflare does not document is chosen here: a
 * target that is missing or empty redirects nowhere, and the request goes on to the phases that may still refuse it.
 */
export function redirectRule(parts: RedirectRule): RuleStep {
  const { placed, condition, status } = parts;
  const event = noted(placed, false);
  return (run) => {
    if (!holds(run, condition, true)) return "next";
    const by = note(run, event, condition);
    const location = locationOf(run, parts);
    if (location === undefined) return "next";
    run.decision = { outcome: "redirect", by, response: { status, location } };
    return "stop";
  };
}

function locationOf(run: Run, { target, keepsQuery, condition }: RedirectRule): string | undefined {
  const url = typeof target === "string" ? toBytes(target) : textOf(run, target, condition);
  if (url === undefined || url === "") return undefined;
  return visible(keepsQuery ? withQuery(url, run.request.uri) : url);
}

function textOf(run: Run, target: Readable, { rule }: CompiledCondition): string | undefined {
  const reading = target.read(run.fields);
  if ("value" in reading) return typeof reading.value === "string" ? reading.value : undefined;
  run.dependsOn(reading, rule);
  return undefined;
}

/** The URL with the query of a request target, before its fragment and after a query of its own. */
function withQuery(url: string, uri: string): string {
  const start = uri.indexOf("?");
  if (start < 0) return url;
  const query = uri.slice(start + 1);
  const [, base = "", fragment = ""] = /^([^#]*)(.*)$/s.exec(url) ?? [];
  return `${base}${base.includes("?") ? "&" : "?"}${query}${fragment}`;
}

/** Bytes that a header or a URL may have only as escapes, so that no request can add a header line. */
const visible = (bytes: string): string =>
  bytes.replace(/[^\x21-\x7e]/g, (byte) => `%${byte.charCodeAt(0).toString(16).toUpperCase().padStart(2, "0")}`);
