/** How something was before it was adopted, kept in the stack's state so that `npm run down` can put it back. */

import { isObject } from "../rules/index.ts";
import { printable } from "./printable.ts";

/** The request that puts it back: a PUT with everything that the API lets one set. */
export interface AsFound {
  /** What it was, in a few words. */
  readonly summary: string;
  /** Path of the API, from `/zones` or `/accounts` on. */
  readonly path: string;
  readonly body: Readonly<Record<string, unknown>> | readonly unknown[];
}

/** Before the name of the adopted resource: the name of the stash that keeps how it was found. */
export const AS_FOUND = "as-found:";

/** What the stash of an adopted resource keeps; also where it is not known how it was, so that the stash stays. */
export const keptAsFound = (name: string, found: AsFound | undefined): Readonly<Record<string, string>> => ({
  [`${AS_FOUND}${name}`]: found === undefined ? "not known" : JSON.stringify(found),
});

/** Undefined where the text is none: how it was found is not known. */
export function parseAsFound(text: string): AsFound | undefined {
  try {
    const value: unknown = JSON.parse(text);
    if (!isObject(value)) return undefined;
    const { summary, path, body } = value;
    if (typeof summary !== "string" || typeof path !== "string" || !(isObject(body) || Array.isArray(body))) {
      return undefined;
    }
    return PATH.test(path) ? { summary, path, body } : undefined;
  } catch {
    return undefined;
  }
}

/** Whether the stack took over something of others: not so for a thing of its own that `adopt` named by mistake. */
export function isMadeByOthers(text: string): boolean {
  const found = parseAsFound(text);
  if (found === undefined) return false;
  return !("rules" in found.body && Array.isArray(found.body.rules) && found.body.rules.length === 0);
}

const PATH =
  /^\/(zones\/[0-9a-f]{32}\/(dns_records|rulesets)\/[0-9a-f]{32}|accounts\/[0-9a-f]{32}\/(cfd_tunnel\/[0-9a-f-]{36}\/configurations|rules\/lists\/[0-9a-f]{32}\/items))$/;

/** A DNS record as the API lists it. */
export interface FoundRecord {
  readonly id: string;
  readonly type: string;
  readonly name: string;
  readonly content?: string | null;
  readonly proxied?: boolean;
  readonly ttl?: number;
  readonly comment?: string | null;
  readonly tags?: readonly string[];
  readonly settings?: unknown;
}

/** The rest of the name that leads to a tunnel, after its id. */
const TUNNEL_NAME = ".cfargotunnel.com";

/**
 * Undefined where the stack has written the record already, as after a lost state: then it is not known how it was.
 */
export function recordAsFound(
  zoneId: string,
  record: FoundRecord,
  { mark, tunnel }: { readonly mark: string; readonly tunnel: string | undefined },
): AsFound | undefined {
  const { id, type, name, content, proxied = false, ttl = 1, comment, tags = [], settings } = record;
  if (comment === mark && content?.endsWith(TUNNEL_NAME)) return undefined;
  if (tunnel !== undefined && content === `${tunnel}${TUNNEL_NAME}`) return undefined;
  return {
    summary: printable(`${type} ${content ?? ""}${proxied ? ", proxied" : ""}`),
    path: `/zones/${zoneId}/dns_records/${id}`,
    body: {
      type,
      name,
      content,
      proxied,
      ttl,
      comment: comment ?? "",
      tags,
      ...(isObject(settings) && Object.keys(settings).length > 0 && { settings }),
    },
  };
}

/** The entry point of a phase as the API responds it. */
export interface FoundRuleset {
  readonly id: string;
  readonly name: string;
  readonly phase: string;
  readonly description?: string | undefined;
  readonly rules?: readonly object[] | undefined;
}

/** `ownRefs`: refs of the stack's own rules, which are none of what was found. A rule keeps its id by its `ref`. */
export function rulesetAsFound(zoneId: string, found: FoundRuleset, ownRefs: ReadonlySet<string>): AsFound {
  const { id, name, phase, description = "", rules = [] } = found;
  const others = rules.filter((rule) => !("ref" in rule && typeof rule.ref === "string" && ownRefs.has(rule.ref)));
  return {
    summary: others.length === 1 ? "one rule" : `${others.length} rules`,
    path: `/zones/${zoneId}/rulesets/${id}`,
    body: {
      name,
      kind: "zone",
      phase,
      description,
      rules: others.map((rule) =>
        Object.fromEntries(Object.entries(rule).filter(([key]) => !["id", "version", "last_updated"].includes(key))),
      ),
    },
  };
}

/** What a connector does without a configuration; the API cannot remove one (cloudflared, ingress/ingress.go). */
const NO_CONFIGURATION = { ingress: [{ service: "http_status:503" }] };

/** `config` as the API responds it; null where the tunnel had none. */
export function tunnelAsFound(accountId: string, id: string, config: unknown): AsFound {
  const path = `/accounts/${accountId}/cfd_tunnel/${id}/configurations`;
  if (!isObject(config)) {
    return { summary: "no configuration, 503 for every request", path, body: { config: NO_CONFIGURATION } };
  }
  const rules = Array.isArray(config.ingress) ? config.ingress.length : 0;
  return { summary: rules === 1 ? "one ingress rule" : `${rules} ingress rules`, path, body: { config } };
}

/** The items of a list, in the API's words. */
export function listAsFound(accountId: string, id: string, items: readonly FoundItem[]): AsFound {
  return {
    summary: items.length === 1 ? "one item" : `${items.length} items`,
    path: `/accounts/${accountId}/rules/lists/${id}/items`,
    body: items.map(({ id: _id, created_on: _created, modified_on: _modified, ...item }) => item),
  };
}

/** An item of a list, as the API lists it. */
export interface FoundItem {
  readonly id: string;
  readonly created_on?: string;
  readonly modified_on?: string;
  readonly ip?: string;
  readonly hostname?: { readonly url_hostname: string; readonly exclude_exact_hostname?: boolean };
  readonly asn?: number;
  readonly comment?: string;
}
