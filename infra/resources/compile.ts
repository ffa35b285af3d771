/** Policy to the inputs of Pulumi resources: pure, so that everything that is sent can be tested without Pulumi. */
import type { DnsRecordArgs } from "@pulumi/cloudflare/dnsRecord.js";
import type { RulesetArgs } from "@pulumi/cloudflare/ruleset.js";
import type { input } from "@pulumi/cloudflare/types/index.js";
import type { ZeroTrustTunnelCloudflaredArgs } from "@pulumi/cloudflare/zeroTrustTunnelCloudflared.js";
import type { ZoneSettingArgs } from "@pulumi/cloudflare/zoneSetting.js";
import { type DeployedRule, ownerMark, type PhaseRuleset, type Policy, type Site } from "../policy/index.ts";
import type { RateLimit } from "../rules/index.ts";
import { camelCase } from "./camel-case.ts";

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
 * Compiles the policy. `imports` has the import ids of what is to be taken over, by name. Every input that the API would fill in by itself is given explicitly: what is left out comes back as a
 * difference (pulumi-cloudflare#444, #630).
 */
export function compile(
  site: Site,
  policy: Policy,
  target: Target,
  imports: Readonly<Record<string, string>> = {},
): CompiledStack {
  const { accountId, zoneId } = target;
  const owner = ownerMark(site);
  const named = <Args>(name: string, args: Args): Named<Args> => {
    const id = imports[name];
    return id === undefined ? { name, args } : { name, args, import: id };
  };
  return {
    // `local`, the default, would ignore the configuration; no secret: Cloudflare makes one
    tunnel: named(TUNNEL, { accountId, name: owner, configSrc: "cloudflare" }),
    ingresses: policy.ingress.map((rule) => ({ ...rule })),
    records: site.hostnames.map((hostname) =>
      // a proxied record has the TTL 1, "automatic"
      named(hostname, { zoneId, name: hostname, type: "CNAME", proxied: true, ttl: 1, comment: owner }),
    ),
    rulesets: policy.rulesets.map((ruleset) => named(ruleset.phase, rulesetArgs(ruleset, owner, zoneId))),
    zoneSettings: policy.zoneSettings.map(({ id, value }) => named(id, { zoneId, settingId: id, value })),
  };
}

function rulesetArgs({ phase, name, rules }: PhaseRuleset, owner: string, zoneId: string): RulesetArgs {
  return { zoneId, kind: "zone", phase, name, description: owner, rules: rules.map(ruleArgs) };
}

function ruleArgs(rule: DeployedRule): input.RulesetRule {
  const { ref, description, expression, action, action_parameters, enabled, logging, ratelimit } = rule;
  return {
    ref,
    description,
    expression,
    action,
    enabled,
    ...(action_parameters === undefined
      ? {}
      : { actionParameters: camelCase(action_parameters) as input.RulesetRuleActionParameters }),
    // the API refuses it on any other action (20018)
    ...(action === "skip" ? { logging: { enabled: logging?.enabled ?? true } } : {}),
    ...(ratelimit === undefined ? {} : { ratelimit: ratelimitArgs(ratelimit) }),
  };
}

function ratelimitArgs(ratelimit: RateLimit): input.RulesetRuleRatelimit {
  return {
    // `cf.colo.id` is mandatory and never filled in by the API; always last, so that the order does not move
    characteristics: [...new Set(ratelimit.characteristics).difference(new Set(["cf.colo.id"])), "cf.colo.id"],
    period: ratelimit.period,
    mitigationTimeout: ratelimit.mitigation_timeout ?? 0,
    requestsToOrigin: ratelimit.requests_to_origin ?? false,
    ...(ratelimit.requests_per_period === undefined ? {} : { requestsPerPeriod: ratelimit.requests_per_period }),
    ...(ratelimit.counting_expression === undefined ? {} : { countingExpression: ratelimit.counting_expression }),
    ...(ratelimit.score_per_period === undefined ? {} : { scorePerPeriod: ratelimit.score_per_period }),
    ...(ratelimit.score_response_header_name === undefined
      ? {}
      : { scoreResponseHeaderName: ratelimit.score_response_header_name }),
  };
}
