/** The Pulumi program. Configuration in, obstacles first, then the tunnel and what leads to it. */
import * as pulumi from "@pulumi/pulumi";
import { assertReadsOnly, readAccess, readOpens, readPurpose, readUnproved, unprovedLines } from "./config.ts";
import { readOwnState } from "./own-state.ts";
import { ADMIN_PATHS, administratorApplications, reportLines } from "./policy/index.ts";
import { readPolicy } from "./policy-files.ts";
import { openApi, preflight, preflightToken } from "./preflight/index.ts";
import {
  AccessResources,
  compile,
  Dns,
  Lists,
  protectFromDestroy,
  Rulesets,
  stashAsFound,
  Tunnel,
  ZoneSettings,
} from "./resources/index.ts";
import { readSite } from "./site-config.ts";
import { readStories } from "./stories.ts";

const values = pulumi.runtime.allConfig();
const purpose = readPurpose(process.env);
// left in an environment, it would let `up` deploy what nothing has checked
assertReadsOnly(purpose, pulumi.runtime.isDryRun());
const site = readSite(pulumi.getProject(), pulumi.getStack(), values);
const api = openApi(readAccess(values, process.env), { tell: (line) => void pulumi.log.info(line) });
const run = pulumi.runtime.isDryRun() ? "preview" : "up";
const { account, policy, warnings, asFound, ...existing } =
  purpose === "deploy"
    ? await preflight(api, site, await readOwnState(), {
        run,
        policyOf: (plan) => readPolicy(site, plan),
        stories: readStories(),
        unproved: readUnproved(process.env),
        opens: readOpens(process.env),
      })
    : await preflightToken(api, site);
for (const warning of warnings) void pulumi.log.warn(warning);
const compiled = compile(site, policy, account, existing, purpose === "deploy");

// a stack without lists has no such component, so that its state stays as it is
const lists = compiled.lists.length === 0 ? [] : [new Lists("lists", compiled.lists)];
const rulesets = site.role === "guest" ? [] : [new Rulesets("rules", compiled.rulesets, lists)];
const settings = site.role === "guest" ? [] : [new ZoneSettings("settings", compiled.zoneSettings)];
const access = compiled.access && new AccessResources("access", compiled.access);
const tunnel = new Tunnel(compiled, purpose === "deploy", access);
const audiences = administratorApplications(site, ADMIN_PATHS).flatMap((name) => access?.audiences[name] ?? []);
const protection = [...rulesets, ...(access ? [access] : [])];
const dns = new Dns("dns", compiled.records, tunnel.tunnelId, protection);
protectFromDestroy([...lists, ...protection, ...settings, tunnel, dns, ...stashAsFound(asFound)]);
for (const line of unprovedLines(existing.unproved)) void pulumi.log.warn(line);

/** The outputs of the stack. */
export default {
  /** Id of the tunnel. */
  tunnelId: tunnel.tunnelId,
  /** Secret: what a connector runs the tunnel with. */
  tunnelToken: tunnel.token,
  /** Hostnames of the gateway. */
  hostnames: site.hostnames,
  /** Hostname and path of each service behind the same tunnel; no such output where there is none. */
  ...(site.services !== undefined && {
    services: site.services.map(({ hostname, path = "" }) => `${hostname}${path}`),
  }),
  /** The audience of each application of Access, for `ACCESS_AUDIENCE`; no output where there is none. */
  ...(access !== undefined && { accessAudiences: access.audiences }),
  /** What the gateway checks, `ACCESS_TEAM` and `ACCESS_AUDIENCE`, where administrators come to it through Access. */
  ...(access !== undefined &&
    audiences.length > 0 && {
      backendAccess: { team: access.team, audience: pulumi.all(audiences).apply((all) => all.join(",")) },
    }),
  /** Client id and secret of each service token, as they were when the token was made. */
  ...(site.access !== undefined &&
    Object.keys(site.access.serviceTokens).length > 0 && { accessServiceTokens: access?.serviceTokens }),
  /** Owner of the zone's rules, or guest. */
  role: site.role,
  /** Where the connector finds the gateway. */
  origin: site.origin,
  /** The plan that the policy keeps within. */
  plan: account.plan,
  /** What is deployed, and what exceeds the plan's limits. */
  report: reportLines(policy.report),
  /** What is deployed although neither example nor story proves it; Pulumi warns of an output that is undefined. */
  ...(existing.unproved.length > 0 && { unproved: existing.unproved }),
};
