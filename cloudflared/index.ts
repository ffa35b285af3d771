/** Starts connectors, the real cloudflared or Causeway's own, and finds those that run on this machine. */
export { hasConfiguration } from "./configuration.ts";
export { type Binary, findCloudflared } from "./find.ts";
export { ConnectorProblem, type ConnectorProblemCode } from "./problem.ts";
export { type ConnectorState, type RegisteredConnector, registered, tellToStop } from "./registry.ts";
export type { LocalEdge, RunningConnector, StartOptions } from "./running-connector.ts";
export { type ServeOptions, serveTunnel } from "./serve.ts";
export type { Service, UnregisteredConnector } from "./service.ts";
export { startCloudflared } from "./start.ts";
export { readToken, type TokenSources } from "./token.ts";
export { changeToken, describeTokenChange, type TokenChange, type TokenChangeOptions } from "./token-change.ts";
