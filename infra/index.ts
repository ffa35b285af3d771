/** The Pulumi program. Configuration in, obstacles first, then the tunnel and what leads to it. */
import * as pulumi from "@pulumi/pulumi";
import Cloudflare from "cloudflare";
import { readAccess, readSite, reclaimed, STACK_RESOURCES } from "./config.ts";
import { reportLines } from "./policy/index.ts";
import { preflight } from "./preflight/index.ts";
import { compile, Dns, Rulesets, Tunnel, ZoneSettings } from "./resources/index.ts";

const values = pulumi.runtime.allConfig();
const site = readSite(pulumi.getProject(), pulumi.getStack(), values);
const { account, policy, ours } = await preflight(
  new Cloudflare(readAccess(values, process.env)),
  site,
  process.env[STACK_RESOURCES] !== undefined,
);
const compiled = compile(site, policy, account, reclaimed(ours, process.env));

const rulesets = new Rulesets("rules", compiled.rulesets);
new ZoneSettings("settings", compiled.zoneSettings);
const tunnel = new Tunnel(compiled);
new Dns("dns", compiled.records, tunnel.tunnelId, rulesets);

/** Id of the tunnel. */
export const tunnelId = tunnel.tunnelId;
/** Secret: what a connector runs the tunnel with. */
export const tunnelToken = tunnel.token;
/** Where the site is. */
export const hostnames = site.hostnames;
/** The plan that the policy keeps within. */
export const plan = account.plan;
/** What is deployed, and what the plan had no room for. */
export const report = reportLines(policy.report);
