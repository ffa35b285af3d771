/** The Pulumi program. Configuration in, obstacles first, then the tunnel and what leads to it. */
import * as pulumi from "@pulumi/pulumi";
import { readAccess, readPurpose, readSite } from "./config.ts";
import { readOwnState } from "./own-state.ts";
import { reportLines } from "./policy/index.ts";
import { openApi, preflight, preflightToken } from "./preflight/index.ts";
import { compile, Dns, guard, keepAsFound, Rulesets, Tunnel, ZoneSettings } from "./resources/index.ts";

const values = pulumi.runtime.allConfig();
const purpose = readPurpose(process.env);
const site = readSite(pulumi.getProject(), pulumi.getStack(), values);
const api = openApi(readAccess(values, process.env), { tell: (line) => void pulumi.log.info(line) });
const { account, policy, imports, tags, warnings, asFound } =
  purpose === "deploy" ? await preflight(api, site, await readOwnState()) : await preflightToken(api, site);
for (const warning of warnings) void pulumi.log.warn(warning);
const compiled = compile(site, policy, account, { imports, tags });

const rulesets = new Rulesets("rules", compiled.rulesets);
const settings = new ZoneSettings("settings", compiled.zoneSettings);
const tunnel = new Tunnel(compiled, purpose === "deploy");
const dns = new Dns("dns", compiled.records, tunnel.tunnelId, rulesets);
guard([rulesets, settings, tunnel, dns, ...keepAsFound(asFound)]);

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
