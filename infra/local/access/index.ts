/**
 * An imitation of Cloudflare Access, for programs on this machine: it decides on requests for hostnames and paths that
 * an application covers, shows a login page where any address may be chosen, and signs the assertion that the origin
 * gets.
 */
export { AccessImitation } from "./imitation.ts";
export type { AccessRequest, AccessResponse, FormWanted } from "./outcome.ts";
