/** Checks that a JSON document is a state. It is checked once, when the file is opened; other code relies on that. */
import { LIST_NAME, PLANS } from "../../rules/index.ts";
import { accessShape } from "./access/shapes.ts";
import {
  anything,
  type BodyShape,
  flag,
  integer,
  list,
  type Misfit,
  nullable,
  object,
  oneOf,
  record,
  text,
} from "./shape.ts";
import { permissionGroups, type State } from "./state.ts";

export type StateProblem = Misfit;

const id = text({ pattern: /^[0-9a-f]{32}$/, what: "an id of 32 hex digits" });
const uuid = text({ pattern: /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/, what: "a UUID" });
const time = text({ pattern: /^\d{4}-\d\d-\d\dT[\d:.]+Z$/, what: "a time like 2026-01-02T03:04:05.678Z" });
const MAX_ENTRIES = 1_000_000;

const rule = object({
  "id*": id,
  "ref*": text({ min: 1 }),
  "version*": text({ min: 1 }),
  "last_updated*": time,
  "expression*": text(),
  "action*": text({ min: 1 }),
  description: text(),
  enabled: flag,
  action_parameters: record(anything),
  logging: object({ "enabled*": flag }),
  ratelimit: record(anything),
});

const ruleset = object({
  "id*": id,
  "name*": text(),
  "description*": text(),
  "kind*": oneOf("root", "zone", "custom", "managed"),
  "phase*": text({ min: 1 }),
  "version*": text({ min: 1 }),
  "last_updated*": time,
  "rules*": list(rule, MAX_ENTRIES),
});

const dnsRecord = object({
  "id*": id,
  "name*": text({ min: 1 }),
  "type*": text({ min: 1 }),
  "content*": text(),
  "proxiable*": flag,
  "proxied*": flag,
  "ttl*": integer(1),
  priority: integer(),
  data: record(anything),
  "settings*": record(anything),
  "meta*": record(anything),
  "comment*": nullable(text()),
  "tags*": list(text()),
  "created_on*": time,
  "modified_on*": time,
  comment_modified_on: time,
  tags_modified_on: time,
});

const certificatePack = object({
  "id*": id,
  "type*": oneOf("universal", "advanced", "total_tls", "sni_custom"),
  "status*": oneOf("active", "pending_validation", "expired"),
  "hosts*": list(text({ min: 1 })),
});

const listItem = object({
  "id*": id,
  ip: text({ min: 2 }),
  hostname: object({ "url_hostname*": text({ min: 1 }), exclude_exact_hostname: flag }),
  asn: integer(0, 0xffffffff),
  comment: text(),
  "created_on*": time,
  "modified_on*": time,
});

const customList = object({
  "id*": id,
  "name*": text({ pattern: LIST_NAME, what: "the name of a list" }),
  "kind*": oneOf("ip", "hostname", "asn"),
  "description*": text(),
  "created_on*": time,
  "modified_on*": time,
  "revision*": integer(1),
  "items*": list(listItem, MAX_ENTRIES),
});

const listOperation = object({ "id*": id, "completed*": time, error: text() });

const state: BodyShape = object({
  "format*": oneOf("causeway-cloud"),
  "version*": oneOf(1),
  "accounts*": list(
    object({
      "id*": id,
      "name*": text(),
      "created_on*": time,
      "rulesets*": list(ruleset, MAX_ENTRIES),
      lists: list(customList, MAX_ENTRIES),
      list_operations: list(listOperation, MAX_ENTRIES),
      access: accessShape,
    }),
    MAX_ENTRIES,
  ),
  "zones*": list(
    object({
      "id*": id,
      "name*": text({ min: 1 }),
      "account_id*": id,
      "plan*": oneOf(...PLANS),
      status: oneOf("initializing", "pending", "active", "moved"),
      paused: flag,
      certificates: list(certificatePack, MAX_ENTRIES),
      total_tls: flag,
      "created_on*": time,
      "modified_on*": time,
      "settings*": record(object({ "value*": anything, "modified_on*": time })),
      "records*": list(dnsRecord, MAX_ENTRIES),
      "rulesets*": list(ruleset, MAX_ENTRIES),
    }),
    MAX_ENTRIES,
  ),
  "tunnels*": list(
    object({
      "id*": uuid,
      "account_tag*": id,
      "name*": text({ min: 1 }),
      "config_src*": oneOf("local", "cloudflare"),
      "secret*": text({ pattern: /^[A-Za-z0-9+/]{43,}={0,2}$/, what: "base64 of at least 32 bytes" }),
      "config*": nullable(record(anything)),
      "version*": integer(),
      "config_created_at*": time,
      "created_at*": time,
      "deleted_at*": nullable(time),
    }),
    MAX_ENTRIES,
  ),
  "tokens*": list(
    object({
      "id*": id,
      "value*": text({ min: 20 }),
      "account_id*": id,
      "permissions*": list(oneOf(...permissionGroups)),
    }),
    MAX_ENTRIES,
  ),
});

/** The document as a state, or the first thing that is wrong with it. */
export function readState(document: unknown): { ok: true; state: State } | { ok: false; problem: StateProblem } {
  const problem = state(document, "") ?? missingAccount(document as State);
  return problem ? { ok: false, problem } : { ok: true, state: document as State };
}

/** Zones, tunnels and tokens that belong to an account that is not there. */
function missingAccount({ accounts, zones, tunnels, tokens }: State): StateProblem | undefined {
  if (accounts.length === 0) return { pointer: "/accounts", message: "must name at least one account" };
  if (zones.length === 0) return { pointer: "/zones", message: "must name at least one zone" };
  if (tokens.length === 0) return { pointer: "/tokens", message: "must hold at least one token" };
  const known = new Set(accounts.map((account) => account.id));
  const owners = [
    ...zones.map((zone, index) => [`/zones/${index}/account_id`, zone.account_id] as const),
    ...tunnels.map((tunnel, index) => [`/tunnels/${index}/account_tag`, tunnel.account_tag] as const),
    ...tokens.map((token, index) => [`/tokens/${index}/account_id`, token.account_id] as const),
  ];
  const stray = owners.find(([, account]) => !known.has(account));
  return stray && { pointer: stray[0], message: "names an account that the file does not have" };
}
