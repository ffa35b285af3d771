/**
 * What preflight found at one place at Cloudflare that the stack needs for itself: a phase's entry point, a hostname,
 * a tunnel's name.
 */
import type Cloudflare from "cloudflare";
import type { PhaseGetResponse as RulesetResponse } from "cloudflare/resources/rulesets/phases";
import type { Adoption, Site } from "../policy/without-rules.ts";
import type { Account } from "./account.ts";
import { AS_FOUND, isMadeByOthers } from "./as-found.ts";
import type { Obstacle } from "./obstacle.ts";

/**
 * Ids in the stack's state, by the name of the resource in the program: what has its id here is the stack's own,
 * whatever it looks like. `as-found:NAME` is here as well where that resource was taken over from others.
 */
export type KnownIds = Readonly<Record<string, string>>;

/**
 * Types in the state, parents included, of the resources that have a place of their own at Cloudflare. Components have
 * other types.
 */
const PLACED = new Set([
  "causeway:index:Access$cloudflare:index/zeroTrustAccessApplication:ZeroTrustAccessApplication",
  "causeway:index:Access$cloudflare:index/zeroTrustAccessPolicy:ZeroTrustAccessPolicy",
  "causeway:index:Access$cloudflare:index/zeroTrustAccessServiceToken:ZeroTrustAccessServiceToken",
  "causeway:index:Lists$cloudflare:index/list:List",
  "causeway:index:Dns$cloudflare:index/dnsRecord:DnsRecord",
  "causeway:index:Rulesets$cloudflare:index/ruleset:Ruleset",
  "causeway:index:Tunnel$cloudflare:index/zeroTrustTunnelCloudflared:ZeroTrustTunnelCloudflared",
]);

const STASH = "pulumi:index:Stash";

/** A resource in the state. */
export interface OwnResource {
  readonly urn: string;
  readonly id?: string | undefined;
  /** What a stash keeps. */
  readonly kept?: string | undefined;
}

/**
 * The ids of the stack's records, rulesets, lists, tunnel, and of what it has of Access. Throws an Error where one has
 * no id: then it is not known what is the stack's own.
 */
export function knownIdsOf(resources: Iterable<OwnResource>): KnownIds {
  const known: Record<string, string> = {};
  for (const { urn, id, kept = "" } of resources) {
    const [, , type = "", ...name] = urn.split("::");
    const stash = type === STASH ? name.join("::") : "";
    if (stash.startsWith(AS_FOUND) && isMadeByOthers(kept)) known[stash] = urn;
    if (!PLACED.has(type)) continue;
    if (!id) throw new Error(`${urn} has no id`);
    known[name.join("::")] = id;
  }
  return known;
}

/** Where to look, and what is the stack's own. */
export interface Search {
  readonly api: Cloudflare;
  readonly site: Site;
  readonly account: Account;
  readonly known: KnownIds;
  /** Hostnames, with their paths, that the run may open although Access protects them now. */
  readonly opens?: readonly string[];
}

/** A phase's ruleset as the API responds it. */
export interface AccountEntryPoint {
  readonly id: string;
  readonly name: string;
  readonly phase: string;
  /** The API raises it with every change. */
  readonly version?: string;
  readonly description: string;
  readonly rules: readonly RuleFound[];
}

type RuleFound = NonNullable<RulesetResponse["rules"]>[number];

export interface PreflightFinding {
  readonly obstacles: readonly Obstacle[];
  /** Import ids of what the run takes into the state, by the name of the resource in the program. */
  readonly imports: Readonly<Record<string, string>>;
  /** Tags of the stack's record, by hostname, where it has some. */
  readonly tags?: Readonly<Record<string, readonly string[]>>;
  /** Ids of the tunnels that the stack's own records lead to. */
  readonly tunnels?: readonly string[];
  /** What is in a phase's place. */
  readonly entryPoint?: AccountEntryPoint;
  /** Warnings for the operator, which stop nothing. */
  readonly warnings?: readonly string[];
  /** How what the configuration adopts was found, by the name of the stash that keeps it. */
  readonly asFound?: Readonly<Record<string, string>>;
}

export const NOTHING: PreflightFinding = { obstacles: [], imports: {} };
export const blockedBy = (...obstacles: readonly Obstacle[]): PreflightFinding => ({ obstacles, imports: {} });
export const importing = (name: string, importId: string): PreflightFinding => ({
  obstacles: [],
  imports: { [name]: importId },
});

/** The configuration adopts what does not exist (any more). */
export const adoptedMissing = (what: string): PreflightFinding =>
  blockedBy({
    code: "adopted_missing",
    found: `the configuration adopts the ${what}, and there is no such thing`,
    fix: "Correct `adopt`, or remove it so that the stack makes its own.",
  });

/** Whether the stack took over the resource of this name from others, in an earlier run. */
export const wasAdopted = ({ known }: Pick<Search, "known">, name: string): boolean =>
  known[`${AS_FOUND}${name}`] !== undefined;

/**
 * Without its line in `adopt` the run would take it for the stack's own: rules of others would go, and `down` would
 * delete it.
 */
export const adoptionRemoved = (what: string, adopt: Partial<Adoption>): Obstacle => ({
  code: "adoption_removed",
  found: `this stack took over ${what} from others, and \`adopt\` does not name it any more`,
  fix:
    "Put it into `adopt` again, or the stack would delete it as its own. `npm run down -- --stack NAME` ends the " +
    "adoption and puts back what was found.",
  adopt,
});

/**
 * The state has one thing for this place and Cloudflare has another one. It is not offered for adoption: an import
 * over a resource that is in the state deletes what the state had.
 */
export const replacedElsewhere = (place: string, known: string, found: string): Obstacle => ({
  code: "replaced_elsewhere",
  found: `this stack made ${known} for ${place}; now there is ${found} instead`,
  fix:
    "Delete it, and the stack puts its own back. To keep it, run `pulumi refresh --stack NAME`, which forgets what " +
    "is gone; the next preview then says how to take it over.",
});

/** The stack whose mark this is, as `PROJECT/STACK`; undefined where no stack can have that name. */
export const stackOfMark = (mark: string | null | undefined): string | undefined =>
  /^causeway ([\w.-]+\/[\w.-]+)$/.exec(mark ?? "")?.[1];

/** Never offered for adoption: two stacks that write the same thing undo each other with every run. */
export const otherStack = (stack: string, what: string): Obstacle => ({
  code: "another_stack",
  found: `the stack ${stack} has ${what}`,
  fix:
    `Use another zone, or end that stack first, from where its state is: \`npm run down -- --stack ` +
    `${stack.split("/")[1]}\`. Where its state is lost, delete what it left.`,
});
