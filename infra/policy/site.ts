import type { Phase, Plan, Rule } from "../rules/index.ts";

/**
 * What one stack deploys, read from its configuration by `infra/site-config.ts`. Plain data; nothing in it is secret.
 */
export interface Site {
  /** Pulumi project and stack: together they name the owner of a resource. */
  readonly project: string;
  readonly stack: string;
  /** The owner has the zone's rules and settings. A guest has a tunnel and records, and the owner's rules bind it. */
  readonly role: "owner" | "guest";
  /**
   * Of the owner: hostnames of other stacks in the zone, which its rules bind too. A `*` in the first label is any part
   * of that label. Absent: none.
   */
  readonly guests?: readonly string[];
  /** Cloudflare account, 32 hex digits; absent: the account of the zone. */
  readonly accountId?: string;
  /** The zone that the hostnames are in. It is looked up, never created or deleted. */
  readonly zone: { readonly name: string; readonly id?: string };
  /**
   * Those that the gateway serves. Fully qualified, lower case, without wildcard; the first one is what the outputs and
   * examples use.
   */
  readonly hostnames: readonly [string, ...string[]];
  /** Where the connector finds the gateway, e.g. `http://127.0.0.1:3000`. */
  readonly origin: string;
  /** Other origins behind the same tunnel. Absent: none. */
  readonly services?: readonly SiteService[];
  /** What only some reach, by Cloudflare Access. Absent: nothing. */
  readonly access?: SiteAccess;
  /** `auto`: the plan that the zone has. Naming one keeps the policy within it, whatever the zone has. */
  readonly plan: Plan | "auto";
  /** Zone-wide settings that this stack sets, by id. Empty: the zone's settings stay as they are. */
  readonly zoneSettings: Readonly<Record<string, unknown>>;
  /**
   * Names of lists that another stack or another person manages: rules use them, and this stack does not write them.
   */
  readonly sharedLists?: readonly string[];
  /** What existed before and is taken over; it survives the stack. Absent: nothing. */
  readonly adopt?: Adoption;
}

/** Another origin behind the same tunnel, which serves a hostname of its own or a path of any hostname of the site. */
export interface SiteService {
  /** One of `hostnames`, where `path` is there; else another one. */
  readonly hostname: string;
  /** `/grafana` is that path and all below `/grafana/`. Absent: all paths. */
  readonly path?: string;
  /** How the connector reaches it: `http://host:port`, `https://host:port` or `unix:/run/app.sock`. */
  readonly origin: string;
  /** Of https: file with the PEM of the authorities to trust, on the connector's machine. Absent: the system's. */
  readonly caPool?: string;
  /** Of https: the name that the certificate must have. Absent: the host of `origin`. */
  readonly originServerName?: string;
  /** Of https: offers HTTP/2 to the origin. */
  readonly http2Origin?: boolean;
}

/** Applications of Cloudflare Access, and the service tokens that they take. */
export interface SiteAccess {
  /** `TEAM` of `TEAM.cloudflareaccess.com`. */
  readonly team: string;
  readonly applications: readonly AccessApplication[];
  /** By name; `duration` is hours, as in `8760h`, or `forever`. */
  readonly serviceTokens: Readonly<Record<string, { readonly duration: string }>>;
}

/** A hostname, or a path of one and all below it, which only some reach. */
export interface AccessApplication {
  readonly name: string;
  /** One of the stack's own, a service's too. */
  readonly hostname: string;
  /** Absent: all paths that no other application of the hostname has. */
  readonly path?: string;
  /** Addresses of people. */
  readonly emails: readonly string[];
  /** Domains of people's addresses. */
  readonly emailDomains: readonly string[];
  /** Names of service tokens, for programs. */
  readonly serviceTokens: readonly string[];
  /** How long people stay signed in, as in `24h` or `30m`. */
  readonly session: string;
}

/** Things of the account that the stack takes over instead of creating its own. */
export interface Adoption {
  /** Id of a tunnel that Cloudflare configures (`config_src: cloudflare`); it keeps its name. */
  readonly tunnel?: string;
  /** Ids of DNS records, by hostname. */
  readonly records: Readonly<Record<string, string>>;
  readonly rulesets: Readonly<Partial<Record<Phase, AdoptedRuleset>>>;
  /** By name. Absent: none. */
  readonly lists?: Readonly<Record<string, AdoptedList>>;
}

/** A list that was not made by the stack: it keeps its description. Its items are those of the policy. */
export interface AdoptedList {
  readonly id: string;
  readonly description: string;
}

/** An entry point that was not made by the stack: it keeps its name and its rules, which run before the stack's own. */
export interface AdoptedRuleset {
  readonly id: string;
  readonly name: string;
  readonly description: string;
  readonly rules: readonly Rule[];
}

/** What the site takes over, which may be nothing. */
export const adoptionOf = ({ adopt }: Pick<Site, "adopt">): Adoption => adopt ?? { records: {}, rulesets: {} };

/** The list of this name that the site takes over. A list may be called `constructor`, which every object inherits. */
export function adoptedListOf({ adopt }: Pick<Site, "adopt">, name: string): AdoptedList | undefined {
  const lists = adopt?.lists ?? {};
  return Object.hasOwn(lists, name) ? lists[name] : undefined;
}

/**
 * The mark of ownership: description of the stack's rulesets, comment of its DNS records and the beginning of its
 * tunnel's name. What is in the stack's state belongs to the stack whatever its mark is.
 */
export const ownerMark = (site: Pick<Site, "project" | "stack">): string => `causeway ${site.project}/${site.stack}`;

/**
 * The mark of what belongs to an account: it names the zone as well, since the stacks of two zones may have one name.
 */
export const accountMark = (site: Pick<Site, "project" | "stack" | "zone">): string =>
  `${ownerMark(site)} ${site.zone.name}`;

/** Maximum number of characters of a tunnel's name. */
const MAX_TUNNEL_NAME_LENGTH = 100;

/** The name of the stack's tunnel. */
export const tunnelName = (site: Pick<Site, "project" | "stack" | "zone">): string =>
  accountMark(site).slice(0, MAX_TUNNEL_NAME_LENGTH).trimEnd();
