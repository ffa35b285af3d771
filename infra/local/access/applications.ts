import { normalizePath } from "../../rules/index.ts";
import type { StoredAccess, StoredAccessApp } from "../api/access/index.ts";
import { type DestinationPattern, readDestination } from "../api/access/index.ts";
import { bySpecificity, coversHost, coversPath } from "./coverage.ts";

interface CoveringApp {
  readonly pattern: DestinationPattern;
  readonly app: StoredAccessApp;
}

/** The destinations of all applications, the most specific first; by the state, which is new after each change. */
const entries = new WeakMap<StoredAccess, readonly CoveringApp[]>();

function entriesOf(access: StoredAccess): readonly CoveringApp[] {
  const known = entries.get(access);
  if (known) return known;
  const sorted = access.apps
    .flatMap((app) =>
      app.destinations.flatMap(({ uri }) => {
        const pattern = readDestination(uri);
        return typeof pattern === "string" ? [] : [{ pattern, app }];
      }),
    )
    .sort((one, other) => bySpecificity(one.pattern, other.pattern));
  entries.set(access, sorted);
  return sorted;
}

/**
 * The application that decides on a request: the most specific one. The path is normalized as for rules. One with an
 * encoded slash is covered as well if it would be with the slash itself: Cloudflare does not document it, and some
 * origins decode it.
 */
export function applicationFor(access: StoredAccess, host: string, uri: string): StoredAccessApp | undefined {
  const path = normalizePath(uri.split("?", 1)[0] ?? "");
  const decoded = normalizePath(path.replace(/%(2f|5c)/gi, "/"));
  const found = entriesOf(access).find(
    ({ pattern }) =>
      coversHost(pattern, host) && (coversPath(pattern, path) || (decoded !== path && coversPath(pattern, decoded))),
  );
  return found?.app;
}
