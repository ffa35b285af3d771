/** Starts connectors, the real cloudflared or Causeway's own, and finds those that run on this machine. */
export { hasConfiguration } from "./configuration.ts";
export { findCloudflared } from "./find.ts";
export { ConnectorProblem } from "./problem.ts";
export { registeredConnectors, sendStopSignal } from "./registry.ts";
export type { LocalEdge, RunningConnector } from "./running-connector.ts";
export { serveTunnel } from "./serve.ts";
export { startCloudflared } from "./start.ts";
export { readToken } from "./token.ts";
export { changeToken, describeTokenChange } from "./token-change.ts";
