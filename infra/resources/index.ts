/** The Pulumi side: inputs compiled from the policy (`compile.ts`, pure), and thin components that register them. */
export { AccessResources } from "./access.ts";
export { compile } from "./compile.ts";
export { Dns } from "./dns.ts";
export { protectFromDestroy, stashAsFound } from "./kept.ts";
export { Lists } from "./lists.ts";
export { Rulesets } from "./rulesets.ts";
export { Tunnel } from "./tunnel.ts";
export { ZoneSettings } from "./zone-settings.ts";
