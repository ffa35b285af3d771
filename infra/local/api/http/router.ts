/** The handler of each path, and what it is given. */

import type { Clock } from "../clock.ts";
import { ApiError, noRoute } from "../errors.ts";
import type { LiveTunnels } from "../live-tunnels.ts";
import type { CloudChange, PermissionGroup, State, StoredToken } from "../state.ts";

export type Method = "GET" | "POST" | "PUT" | "PATCH" | "DELETE";

/**
 * One call as a handler sees it: authorized, its body parsed. The state is a draft that is stored if the handler
 * returns.
 */
export interface HandlerCall {
  readonly state: State;
  readonly method: Method;
  readonly token: StoredToken;
  readonly params: Readonly<Record<string, string>>;
  readonly query: URLSearchParams;
  /** Undefined where the request has none. */
  readonly body: unknown;
  readonly clock: Clock;
  readonly live: LiveTunnels;
  /** The path under /client/v4, for error texts. */
  readonly path: string;
  /** Reports a change: the draft is stored, then the listeners are called. */
  reportChange(change: CloudChange): void;
  /** Tells the edge to drop a tunnel's connections, after the new state is stored. */
  disconnect(tunnelId: string): void;
  /** Throws 403 code 10000 unless the token has one of the groups; a Write group includes its Read. */
  requirePermission(...groups: PermissionGroup[]): void;
}

/** What a handler returns; a 204 has no body. */
export type HandlerResult =
  | { readonly status?: 200 | 202; readonly result: unknown; readonly resultInfo?: unknown }
  | { readonly status: 204 };

export interface ApiRoute {
  readonly method: Method;
  /** Segments that start with a colon are parameters. */
  readonly path: string;
  /** True where a request body is read; elsewhere a body is refused. */
  readonly body?: "required" | "optional";
  readonly handle: (call: HandlerCall) => HandlerResult;
  /** Takes `dry_run=true`: checks the right and the request, and changes nothing. */
  readonly hasDryRun?: true;
}

export interface Match {
  readonly route: ApiRoute;
  readonly params: Record<string, string>;
}

/** Finds routes by path and method: 404 code 7003 where no route has the path, 405 where none has the method. */
export function createRouter(routes: readonly ApiRoute[]): (method: string, path: string) => Match {
  const table = routes.map((route) => ({ route, segments: route.path.split("/") }));
  return (method, path) => {
    const segments = path.split("/");
    const allowed = new Set<string>();
    for (const entry of table) {
      const params = paramsOf(entry.segments, segments);
      if (!params) continue;
      if (entry.route.method === method) return { route: entry.route, params };
      allowed.add(entry.route.method);
    }
    if (allowed.size === 0) throw noRoute(path.slice(0, 200));
    throw new ApiError(
      405,
      { code: 10405, message: `Method ${method} is not allowed for this path` },
      { allow: [...allowed].join(", ") },
    );
  };
}

function paramsOf(pattern: readonly string[], segments: readonly string[]): Record<string, string> | undefined {
  if (pattern.length !== segments.length) return undefined;
  const params: Record<string, string> = Object.create(null);
  for (const [index, part] of pattern.entries()) {
    const segment = segments[index] ?? "";
    if (part.startsWith(":")) {
      if (segment === "") return undefined;
      params[part.slice(1)] = segment;
    } else if (part !== segment) {
      return undefined;
    }
  }
  return params;
}
