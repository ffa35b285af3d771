/** The edge of the Cloudflare on localhost: what happens to a request between the visitor and the tunnel. */
export type { DeploymentProblem } from "./deployments.ts";
export { EdgeError } from "./errors.ts";
export type { EdgeOptions } from "./options.ts";
export type { RequestRecord } from "./record.ts";
export { type Edge, startEdge } from "./start-edge.ts";
export type { BodySample, RequestTrace } from "./trace.ts";
