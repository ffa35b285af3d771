/** Other origins behind the same tunnel (`causeway:services`): which hostnames and paths are theirs. */
import type { Site, SiteService } from "./site.ts";

/** All hostnames that the stack has a record for, each once: those of the gateway first, then those of services. */
export const siteHostnames = ({ hostnames, services = [] }: SiteNames): readonly string[] => [
  ...new Set([...hostnames, ...services.map(({ hostname }) => hostname)]),
];

type SiteNames = { readonly hostnames: readonly string[] } & Pick<Site, "services">;

/** Whether a path is the service's: its own path, or one below it. Compared by whole segments. */
export const hasPath = (servicePath: string, path: string): boolean =>
  path === servicePath || path.startsWith(`${servicePath}/`);

/** The services in the order in which a request is held against them: of one hostname, the longest path first. */
export const servicesInOrder = (services: readonly SiteService[]): readonly SiteService[] =>
  services.toSorted((one, other) => (other.path?.length ?? 0) - (one.path?.length ?? 0));

/**
 * The path as cloudflared compares it: a Go regular expression for the decoded path. `$` is the end of the text alone,
 * not the end of a line (https://pkg.go.dev/regexp/syntax).
 */
export const pathPattern = (path: string): string => `^${quoted(path)}(?:/|$)`;

/** A text as a regular expression for itself. */
export const quoted = (text: string): string => text.replace(/[\\^$.*+?()[\]{}|]/g, "\\$&");
