/** Policy to the inputs of Pulumi resources: pure, so that everything that is sent can be tested without Pulumi. */
import type { DnsRecordArgs } from "@pulumi/cloudflare/dnsRecord.js";
import type { RulesetArgs } from "@pulumi/cloudflare/ruleset.js";
import type { input } from "@pulumi/cloudflare/types/index.js";
import type { ZeroTrustTunnelCloudflaredArgs } from "@pulumi/cloudflare/zeroTrustTunnelCloudflared.js";
import type { ZoneSettingArgs } from "@pulumi/cloudflare/zoneSetting.js";
import { adoptionOf, ownerMark, type PhaseRuleset, type Policy, type Site } from "../policy/index.ts";
import type { RateLimit, Rule } from "../rules/index.ts";
import { sdkRule } from "./sdk-rule.ts";

/** Where the resources go: what preflight found. */
export interface Target {
  readonly accountId: string;
  readonly zoneId: string;
}

/** The tunnel's name in the program. */
export const TUNNEL = "tunnel";

/** One resource: its name in the program, which is its identity in the stack, and its inputs. */
export interface Named<Args> {
  readonly name: string;
  readonly args: Args;
  /** Import id of what exists and is taken over; absent: it is created. */
  readonly import?: string;
  /** It was there before the stack, and stays when the stack goes. */
  readonly retain?: true;
}

/** All inputs but those that only exist once the tunnel does. */
export interface CompiledStack {
  readonly tunnel: Named<ZeroTrustTunnelCloudflaredArgs>;
  readonly ingresses: input.ZeroTrustTunnelCloudflaredConfigConfigIngress[];
  readonly records: readonly Named<Omit<DnsRecordArgs, "content">>[];
  readonly rulesets: readonly Named<RulesetArgs>[];
  readonly zoneSettings: readonly Named<ZoneSettingArgs>[];
}

/**
 * Compiles the policy. `reclaimed` has the import ids of what is ours and not in the state, by name. Every input that the API would fill in by itself is given explicitly: what is left out comes back as a
 * difference (pulumi-cloudflare#444, #630).
 */
export function compile(
  site: Site,
  policy: Policy,
  target: Target,
  reclaimed: Readonly<Record<string, string>> = {},
): CompiledStack {
  const { accountId, zoneId } = target;
  const owner = ownerMark(site);
  const adopted = adoptedIds(site, target);
  const named = <Args>(name: string, args: Args): Named<Args> => {
    const [taken, found] = [adopted[name], reclaimed[name]];
    if (taken !== undefined) return { name, args, import: taken, retain: true };
    return found === undefined ? { name, args } : { name, args, import: found };
  };
  return {
    // `local`, the default, would ignore the configuration; no secret: Cloudflare makes one
    tunnel: named(TUNNEL, { accountId, name: owner, configSrc: "cloudflare" }),
    ingresses: policy.ingress.map((rule) => ({ ...rule })),
    records: site.hostnames.map((hostname) =>
      // a proxied record has the TTL 1, "automatic"
      named(hostname, { zoneId, name: hostname, type: "CNAME", proxied: true, ttl: 1, comment: owner }),
    ),
    rulesets: policy.rulesets.map((ruleset) => named(ruleset.phase, rulesetArgs(ruleset, site, zoneId))),
    zoneSettings: policy.zoneSettings.map(({ id, value }) => named(id, { zoneId, settingId: id, value })),
  };
}

/** Import ids of what the configuration adopts, by the resource's name in the program. */
function adoptedIds(site: Site, { accountId, zoneId }: Target): Readonly<Record<string, string>> {
  const adopt = adoptionOf(site);
  return {
    ...(adopt.tunnel === undefined ? {} : { [TUNNEL]: `${accountId}/${adopt.tunnel}` }),
    ...Object.fromEntries(Object.entries(adopt.records).map(([hostname, id]) => [hostname, `${zoneId}/${id}`])),
    ...Object.fromEntries(
      Object.entries(adopt.rulesets).map(([phase, ruleset]) => [phase, `zones/${zoneId}/${ruleset.id}`]),
    ),
  };
}

function rulesetArgs({ phase, name, rules }: PhaseRuleset, site: Site, zoneId: string): RulesetArgs {
  const adopted = adoptionOf(site).rulesets[phase];
  const shared = { zoneId, kind: "zone", phase };
  if (adopted === undefined) return { ...shared, name, description: ownerMark(site), rules: rules.map(ruleArgs) };
  return {
    ...shared,
    name: adopted.name,
    description: adopted.description,
    rules: [...adopted.rules.map(ruleArgs), ...rules.map(ruleArgs)],
  };
}

/**
 * A rule as the provider sends it: members that the API would fill in are given explicitly, and what only the kit (`examples`)
 * or only the API (`id`, `version`, `last_updated`) has stays out.
 */
function ruleArgs(rule: Rule): input.RulesetRule {
  const { examples: _examples, id: _id, version: _version, last_updated: _updated, ...given } = rule as Deployable;
  const { logging, ratelimit, ...content } = given;
  return sdkRule({
    ...content,
    description: given.description ?? "",
    enabled: given.enabled ?? true,
    // the API refuses it on any other action (20018)
    ...(given.action === "skip" ? { logging: { ...logging, enabled: logging?.enabled ?? true } } : {}),
    ...(ratelimit === undefined ? {} : { ratelimit: completeRatelimit(ratelimit) }),
  });
}

type Deployable = Rule & { readonly examples?: unknown; readonly version?: unknown; readonly last_updated?: unknown };

function completeRatelimit(ratelimit: RateLimit): RateLimit {
  return {
    ...ratelimit,
    // `cf.colo.id` is mandatory and never filled in by the API; always last, so that the order does not move
    characteristics: [...new Set(ratelimit.characteristics).difference(new Set(["cf.colo.id"])), "cf.colo.id"],
    mitigation_timeout: ratelimit.mitigation_timeout ?? 0,
    requests_to_origin: ratelimit.requests_to_origin ?? false,
  };
}
