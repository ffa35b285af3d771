/** Policy to the inputs of Pulumi resources: pure, so that everything that is sent can be tested without Pulumi. */
import type { DnsRecordArgs } from "@pulumi/cloudflare/dnsRecord.js";
import type { ListArgs } from "@pulumi/cloudflare/list.js";
import type { RulesetArgs } from "@pulumi/cloudflare/ruleset.js";
import type { input } from "@pulumi/cloudflare/types/index.js";
import type { ZeroTrustTunnelCloudflaredArgs } from "@pulumi/cloudflare/zeroTrustTunnelCloudflared.js";
import type { ZoneSettingArgs } from "@pulumi/cloudflare/zoneSetting.js";
import type { PhaseRuleset, Policy } from "../policy/index.ts";
import {
  adoptedListOf,
  adoptionOf,
  markedDescription,
  othersRules,
  ownerMark,
  type PolicyList,
  type Site,
  siteHostnames,
  tunnelName,
} from "../policy/without-rules.ts";
import type { Phase, RateLimit, Rule } from "../rules/index.ts";
import { type CompiledAccess, compileAccess } from "./compile-access.ts";
import type { NamedResource } from "./named-resource.ts";
import { sdkRule } from "./sdk-rule.ts";

/** Where the resources go: what preflight found. */
export interface DeploymentTarget {
  readonly accountId: string;
  readonly zoneId: string;
}

/** What exists at Cloudflare already and is kept. */
export interface Existing {
  /**
   * Import ids of what is not in the state, by the resource's name in the program: preflight decides, and never names
   * what the state has.
   */
  readonly imports?: Readonly<Record<string, string>>;
  /** Tags of DNS records, by hostname: the provider drops tags that are no input (P6). */
  readonly tags?: Readonly<Record<string, readonly string[]>>;
}

export { accessResource } from "./compile-access.ts";

/** The tunnel's name in the program. */
export const TUNNEL = "tunnel";

/** The name in the program of a list; names of others have no colon. */
export const listResource = (name: string): string => `list:${name}`;

/** One rule of the ingress; `application` is the one whose assertion it requires, whose audience is not known yet. */
export type CompiledIngress = input.ZeroTrustTunnelCloudflaredConfigConfigIngress & { readonly application?: string };

/** All inputs but those that only exist once the tunnel does. */
export interface CompiledStack {
  readonly tunnel: NamedResource<ZeroTrustTunnelCloudflaredArgs>;
  readonly ingresses: readonly CompiledIngress[];
  /** What only some reach; undefined where the configuration names nothing. */
  readonly access: CompiledAccess | undefined;
  readonly records: readonly NamedResource<Omit<DnsRecordArgs, "content">>[];
  readonly rulesets: readonly NamedResource<RulesetArgs>[];
  /** Lists of the account that the stack keeps. */
  readonly lists: readonly NamedResource<ListArgs>[];
  readonly zoneSettings: readonly NamedResource<ZoneSettingArgs>[];
}

/**
 * Compiles the policy. Every input that the API would fill in by itself is given explicitly: what is left out comes
 * back as a difference (pulumi-cloudflare#444, #630). `deploys`: false where the run only reads or destroys, which no
 * wrong member of a rule stops.
 */
export function compile(
  site: Site,
  policy: Policy,
  { accountId, zoneId }: DeploymentTarget,
  { imports = {}, tags = {} }: Existing = {},
  deploys = true,
): CompiledStack {
  const adopted = adoptedNames(site);
  const named = <Args>(name: string, args: Args): NamedResource<Args> => {
    const importId = imports[name];
    return {
      name,
      args,
      ...(importId === undefined ? {} : { import: importId }),
      ...(adopted.has(name) ? { retain: true } : {}),
    };
  };
  return {
    // `local`, the default, would ignore the configuration; no secret: Cloudflare makes one
    tunnel: named(TUNNEL, { accountId, name: tunnelName(site), configSrc: "cloudflare" }),
    ingresses: policy.ingress.map((rule) => ({ ...rule })),
    access: compileAccess(site, accountId, named),
    records: siteHostnames(site).map((hostname) =>
      named(hostname, {
        zoneId,
        name: hostname,
        type: "CNAME",
        proxied: true,
        // "automatic", which is what a proxied record has
        ttl: 1,
        comment: ownerMark(site),
        // sorted, as the provider sends them
        ...(tags[hostname] === undefined ? {} : { tags: [...tags[hostname]].sort() }),
      }),
    ),
    rulesets: policy.rulesets.map((ruleset) => named(ruleset.phase, rulesetArgs(ruleset, site, zoneId, deploys))),
    lists: keptLists(site, policy.lists).map((list) => named(listResource(list.name), listArgs(list, site, accountId))),
    zoneSettings: policy.zoneSettings.map(({ id, value }) => named(id, { zoneId, settingId: id, value })),
  };
}

/** Names in the program of what the configuration adopts. */
function adoptedNames(site: Site): ReadonlySet<string> {
  const { tunnel, records, rulesets, lists = {} } = adoptionOf(site);
  return new Set([
    ...(tunnel === undefined ? [] : [TUNNEL]),
    ...Object.keys(records),
    ...Object.keys(rulesets),
    ...Object.keys(lists).map(listResource),
  ]);
}

/** The lists that the stack keeps: not those that it only refers to. */
const keptLists = ({ sharedLists = [] }: Site, lists: readonly PolicyList[]): readonly PolicyList[] =>
  lists.filter(({ name }) => !sharedLists.includes(name));

/** Items as the API keeps them, so that what is read back is no difference (terraform-provider-cloudflare#5590). */
function listArgs(list: PolicyList, site: Site, accountId: string): ListArgs {
  const { name, kind, items } = list;
  return {
    accountId,
    name,
    kind,
    description: adoptedListOf(site, name)?.description ?? markedDescription(site, list),
    items: items.map(({ value, comment }) => ({
      ...(kind === "ip" ? { ip: String(value) } : {}),
      ...(kind === "hostname" ? { hostname: { urlHostname: String(value) } } : {}),
      ...(kind === "asn" ? { asn: Number(value) } : {}),
      ...(comment === undefined ? {} : { comment }),
    })),
  };
}

/**
 * An adopted ruleset keeps its name, its description and its rules, which run first. Rules that are the stack's own by
 * their `ref` are not repeated (the API refuses the same `ref` twice, 20000), and one that has the stack's own name
 * gets the stack's mark.
 */
export function rulesetBody({ phase, name, rules }: PhaseRuleset, site: Site): RulesetBody {
  const adopted = adoptionOf(site).rulesets[phase];
  const own = { kind: "zone", phase } as const;
  if (adopted === undefined) return { ...own, name, description: ownerMark(site), rules: rules.map(ruleBody) };
  return {
    ...own,
    name: adopted.name,
    description: adopted.name === name ? ownerMark(site) : adopted.description,
    rules: [...othersRules(adopted.rules, rules).map(ruleBody), ...rules.map(ruleBody)],
  };
}

/** A ruleset as the Rulesets API takes it. */
export interface RulesetBody {
  readonly kind: "zone";
  readonly phase: Phase;
  readonly name: string;
  readonly description: string;
  readonly rules: readonly Readonly<Record<string, unknown>>[];
}

function rulesetArgs(ruleset: PhaseRuleset, site: Site, zoneId: string, deploys: boolean): RulesetArgs {
  const { rules, ...body } = rulesetBody(ruleset, site);
  return { zoneId, ...body, rules: rules.map((rule) => sdkRule(rule, deploys)) };
}

/**
 * A rule as the provider sends it: members that the API would fill in are given explicitly, and what only the kit
 * (`source`) or only the API (`id`, `version`, `last_updated`) has stays out.
 */
function ruleBody(rule: Rule): Readonly<Record<string, unknown>> {
  const { source: _source, id: _id, version: _version, last_updated: _updated, ...given } = rule as Deployable;
  const { logging, ratelimit, ...content } = given;
  return {
    ...content,
    description: given.description ?? "",
    enabled: given.enabled ?? true,
    // the API refuses it on any other action (20018)
    ...(given.action === "skip" ? { logging: { ...logging, enabled: logging?.enabled ?? true } } : {}),
    ...(ratelimit === undefined ? {} : { ratelimit: completeRatelimit(ratelimit) }),
  };
}

type Deployable = Rule & { readonly source?: unknown; readonly version?: unknown; readonly last_updated?: unknown };

function completeRatelimit(ratelimit: RateLimit): RateLimit {
  return {
    ...ratelimit,
    // `cf.colo.id` is mandatory and never filled in by the API; always last, so that the order does not move
    characteristics: [...new Set(ratelimit.characteristics).difference(new Set(["cf.colo.id"])), "cf.colo.id"],
    mitigation_timeout: ratelimit.mitigation_timeout ?? 0,
    requests_to_origin: ratelimit.requests_to_origin ?? false,
  };
}
