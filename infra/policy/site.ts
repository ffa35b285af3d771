import type { Plan } from "../rules/index.ts";

/** What one stack deploys, read from its configuration by `infra/config.ts`. Plain data; nothing in it is secret. */
export interface Site {
  /** Pulumi project and stack: together they say whose a resource is. */
  readonly project: string;
  readonly stack: string;
  /** Cloudflare account, 32 hex digits; absent: the account of the zone. */
  readonly accountId?: string;
  /** The zone that the hostnames are in. It is looked up, never created or deleted. */
  readonly zone: { readonly name: string; readonly id?: string };
  /** Fully qualified, lower case, without wildcard; the first one is what the outputs and examples use. */
  readonly hostnames: readonly [string, ...string[]];
  /** Where the connector finds the gateway, e.g. `http://127.0.0.1:3000`. */
  readonly origin: string;
  /** `auto`: the plan that the zone has. Naming one keeps the policy within it, whatever the zone has. */
  readonly plan: Plan | "auto";
  /** Zone-wide settings that this stack sets, by id. Empty: the zone's settings stay as they are. */
  readonly zoneSettings: Readonly<Record<string, unknown>>;
}

/**
 * The mark of ownership: description of the stack's rulesets, comment of its DNS records and name of its tunnel. What stands in
 * the account under one of our names without this mark belongs to somebody else.
 */
export const ownerMark = (site: Pick<Site, "project" | "stack">): string => `causeway ${site.project}/${site.stack}`;
