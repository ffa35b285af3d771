/**
 * The state of the Cloudflare on localhost: the stored document, and the view of it that the edge and the tunnel read.
 * Names are those of Cloudflare's API. Every object is a snapshot: a change makes a new object, so that a reader may
 * cache what it derived from one, by identity.
 */
import type { ListKind, ListSpec, Plan, Rule, Ruleset } from "../../rules/index.ts";
import type { StoredAccess } from "./access/stored.ts";

export type { Plan } from "../../rules/index.ts";

/** A rule as the API stores it: it has an identity and a version of its own. */
export interface StoredRule extends Rule {
  readonly id: string;
  readonly ref: string;
  readonly version: string;
  /** RFC 3339. */
  readonly last_updated: string;
}

/** A ruleset as the API stores it (https://developers.cloudflare.com/ruleset-engine/rulesets-api/). */
export interface StoredRuleset extends Ruleset {
  readonly description: string;
  /** "1" at first, one more with every write. */
  readonly version: string;
  /** RFC 3339. */
  readonly last_updated: string;
  readonly rules: readonly StoredRule[];
}

/** https://developers.cloudflare.com/api/resources/dns/subresources/records/ */
export interface DnsRecord {
  readonly id: string;
  /** Fully qualified, lower case. */
  readonly name: string;
  readonly type: string;
  readonly content: string;
  readonly proxiable: boolean;
  readonly proxied: boolean;
  /** Seconds; 1 means automatic, and always when proxied. */
  readonly ttl: number;
  readonly priority?: number;
  readonly data?: Readonly<Record<string, unknown>>;
  readonly settings: Readonly<Record<string, unknown>>;
  readonly meta: Readonly<Record<string, unknown>>;
  readonly comment: string | null;
  readonly tags: readonly string[];
  readonly created_on: string;
  readonly modified_on: string;
  readonly comment_modified_on?: string;
  readonly tags_modified_on?: string;
}

/**
 * One rule of a tunnel's ingress
 * (https://developers.cloudflare.com/cloudflare-one/networks/connectors/cloudflare-tunnel/).
 */
export interface StoredIngressRule {
  readonly hostname?: string;
  /** A Go regular expression, not anchored. */
  readonly path?: string;
  readonly service: string;
  readonly originRequest?: Readonly<Record<string, unknown>>;
}

/** A tunnel's remote configuration, as it is pushed to the connectors. */
export interface TunnelConfig {
  readonly ingress?: readonly StoredIngressRule[];
  readonly originRequest?: Readonly<Record<string, unknown>>;
}

/** One item of a list; exactly one of `ip`, `hostname` and `asn` is there, by the kind of the list. */
export interface StoredListItem {
  readonly id: string;
  readonly ip?: string;
  readonly hostname?: { readonly url_hostname: string; readonly exclude_exact_hostname?: boolean };
  readonly asn?: number;
  readonly comment?: string;
  readonly created_on: string;
  readonly modified_on: string;
}

/** A custom list (https://developers.cloudflare.com/waf/tools/lists/lists-api/json-object/). */
export interface StoredList {
  readonly id: string;
  readonly name: string;
  readonly kind: ListKind;
  readonly description: string;
  readonly created_on: string;
  readonly modified_on: string;
  /** 1 at first, one more with every change; not shown by the API. */
  readonly revision: number;
  readonly items: readonly StoredListItem[];
}

/** A change of a list's items, which a client polls until it has ended. */
interface StoredListOperation {
  readonly id: string;
  /** When it ends, or has ended. */
  readonly completed: string;
  /** Why nothing was changed; absent where it succeeds. */
  readonly error?: string;
}

export interface StoredAccount {
  readonly id: string;
  readonly name: string;
  readonly created_on: string;
  rulesets: StoredRuleset[];
  /** Absent in older files: none. */
  lists?: StoredList[];
  /** The newest ones, oldest first; absent: none. */
  list_operations?: StoredListOperation[];
  /** Absent: what a new account starts with (access/account.ts). */
  access?: StoredAccess;
}

/** https://developers.cloudflare.com/dns/zone-setups/reference/domain-status/ */
export type ZoneStatus = "initializing" | "pending" | "active" | "moved";

/** A certificate at the edge (https://developers.cloudflare.com/ssl/edge-certificates/). */
export interface CertificatePack {
  readonly id: string;
  readonly type: "universal" | "advanced" | "total_tls" | "sni_custom";
  readonly status: "active" | "pending_validation" | "expired";
  readonly hosts: readonly string[];
}

export interface StoredZone {
  readonly id: string;
  readonly name: string;
  readonly account_id: string;
  readonly plan: Plan;
  /** Absent: active. */
  readonly status?: ZoneStatus;
  readonly paused?: boolean;
  /** Beside the universal one, which every zone has. Absent: none. */
  readonly certificates?: readonly CertificatePack[];
  /** Whether Total TLS is on; absent: off. */
  readonly total_tls?: boolean;
  readonly created_on: string;
  modified_on: string;
  /** Only the settings that someone changed; the others have their defaults. */
  settings: Record<string, { readonly value: unknown; readonly modified_on: string }>;
  records: DnsRecord[];
  rulesets: StoredRuleset[];
}

export interface StoredTunnel {
  readonly id: string;
  readonly account_tag: string;
  name: string;
  readonly config_src: "local" | "cloudflare";
  /** Base64 of at least 32 bytes. */
  secret: string;
  config: TunnelConfig | null;
  /** 0 until the first configuration is written. */
  version: number;
  config_created_at: string;
  readonly created_at: string;
  /** Deleted tunnels stay readable by id. */
  deleted_at: string | null;
}

/**
 * Permission groups of API tokens, by the names of
 * https://developers.cloudflare.com/fundamentals/api/reference/permissions/
 */
export const permissionGroups = [
  "Zone Read",
  "Zone Settings Read",
  "Zone Settings Write",
  "DNS Read",
  "DNS Write",
  "Zone WAF Read",
  "Zone WAF Write",
  "Zone Transform Rules Read",
  "Zone Transform Rules Write",
  "Config Settings Read",
  "Config Settings Write",
  "Cache Settings Read",
  "Cache Settings Write",
  "Dynamic URL Redirects Read",
  "Dynamic URL Redirects Write",
  "Origin Read",
  "Origin Write",
  "Custom Errors Read",
  "Custom Errors Write",
  "Mass URL Redirects Read",
  "Mass URL Redirects Write",
  "Response Compression Read",
  "Response Compression Write",
  "Sanitize Read",
  "Sanitize Write",
  "Bot Management Read",
  "Bot Management Write",
  "HTTP DDoS Managed Ruleset Read",
  "HTTP DDoS Managed Ruleset Write",
  "Logs Read",
  "Logs Write",
  "Account Rulesets Read",
  "Account Rulesets Write",
  "Account Filter Lists Read",
  "Account Filter Lists Edit",
  "Cloudflare Tunnel Read",
  "Cloudflare Tunnel Write",
  "SSL and Certificates Read",
  "SSL and Certificates Write",
  "Access: Apps and Policies Read",
  "Access: Apps and Policies Write",
  "Access: Service Tokens Read",
  "Access: Service Tokens Write",
  "Access: Organizations, Identity Providers, and Groups Read",
  "Access: Organizations, Identity Providers, and Groups Write",
  "User Details Read",
] as const;

export type PermissionGroup = (typeof permissionGroups)[number];

export interface StoredToken {
  readonly id: string;
  readonly value: string;
  readonly account_id: string;
  readonly permissions: readonly PermissionGroup[];
}

/** All that is kept, in one JSON file. */
export interface State {
  readonly format: "causeway-cloud";
  readonly version: 1;
  accounts: StoredAccount[];
  zones: StoredZone[];
  tunnels: StoredTunnel[];
  tokens: StoredToken[];
}

/** A zone as the edge reads it. */
export interface Zone {
  readonly id: string;
  readonly name: string;
  readonly accountId: string;
  readonly plan: Plan;
  /** Every zone setting with its value, defaults included. */
  readonly settings: Readonly<Record<string, unknown>>;
  readonly records: readonly DnsRecord[];
  readonly rulesets: readonly StoredRuleset[];
  /** The account's own rulesets; they run before the zone's. */
  readonly accountRulesets: readonly StoredRuleset[];
  /** The account's lists by name. */
  readonly lists: Readonly<Record<string, ListSpec>>;
  /** Changes whenever a list of the account does. */
  readonly listsRevision: string;
}

/** A tunnel as the edge authorizes and configures it. */
interface EdgeTunnel {
  readonly id: string;
  readonly accountTag: string;
  readonly name: string;
  readonly secret: Buffer;
  readonly config: TunnelConfig | null;
  readonly version: number;
  readonly deletedAt: string | null;
}

/** One connection of a connector, in the API's words. */
export interface StoredConnection {
  /** UUID of the connection. */
  readonly id: string;
  /** UUID of the connector. */
  readonly client_id: string;
  readonly client_version: string;
  readonly colo_name: string;
  readonly origin_ip: string;
  /** RFC 3339. */
  readonly opened_at: string;
  readonly is_pending_reconnect: boolean;
  /** The architecture that the connector reported, e.g. "linux_amd64". */
  readonly arch?: string;
  readonly features?: readonly string[];
}

/** An account as the imitation of Access reads it. */
export interface AccessAccount {
  readonly id: string;
  readonly access: StoredAccess;
}

export interface CloudChange {
  readonly kind: "zone" | "tunnel";
  readonly id: string;
}

/** The part of the API's state that the edge and the tunnel read, and what they report. */
export interface Cloud {
  /** The zone that serves a hostname: the longest zone name that is its suffix. Undefined: no such zone. */
  zoneOf(hostname: string): Zone | undefined;
  /** Every account with its applications, policies, service tokens and organization. */
  accessAccounts(): readonly AccessAccount[];
  /** A tunnel by id, deleted ones included. */
  tunnel(id: string): EdgeTunnel | undefined;
  /** Reports the connections that a tunnel has now; they decide the tunnel's status. */
  reportConnections(tunnelId: string, connections: readonly StoredConnection[]): void;
  /** Calls the listener after each change that was stored; returns how to stop. */
  onChange(listener: (change: CloudChange) => void): () => void;
  /**
   * Calls the listener when a client calls `DELETE /cfd_tunnel/{id}/connections`, which drops a tunnel's connections.
   * The returned function stops that.
   */
  onDisconnect(listener: (tunnelId: string) => void): () => void;
}
