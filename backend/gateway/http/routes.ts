import { hasParameters, pathValues, segmentsOf } from "../../surface/path.ts";
import { type HttpEntry, isParameter, matchesPath } from "../../surface.ts";

/** The entries at a path, by method. */
type Methods = ReadonlyMap<string, HttpEntry>;

/** Finds the entries at a path. */
export interface RouteTable {
  /** The entries at a requested path, by method; undefined for a path without an entry. */
  at(path: string): Methods | undefined;
}

/**
 * Makes the table that finds entries by the exact spelling of a path. The patterns of moleculer-web would ignore case
 * and trailing slashes, and are tried one after the other.
 *
 * A fixed path takes one look-up. A path with parameters takes one look-up for each arrangement of parameters that
 * entries of its length have. Where a fixed path and one with parameters both match, the fixed one has priority for the
 * methods that it has.
 */
export function routeTable(entries: readonly HttpEntry[]): RouteTable {
  const fixed = new Map<string, Map<string, HttpEntry>>();
  const patterns = new Map<string, Map<string, HttpEntry>>();
  /** The arrangements of parameters, by the number of segments. */
  const arrangements = new Map<number, Set<string>>();
  for (const entry of entries) {
    const segments = segmentsOf(entry.path);
    const isFixed = !hasParameters(entry.path);
    addEntry(isFixed ? fixed : patterns, isFixed ? entry.path : patternKey(segments, arrangementOf(segments)), entry);
    if (isFixed) continue;
    const known = arrangements.get(segments.length) ?? new Set();
    arrangements.set(segments.length, known.add(arrangementOf(segments)));
  }
  for (const [path, methods] of fixed) {
    for (const entry of entries)
      if (!methods.has(entry.method) && matchesPath(entry.path, path)) methods.set(entry.method, entry);
  }
  return {
    at(path) {
      const methods = fixed.get(path);
      if (methods || patterns.size === 0) return methods;
      const segments = segmentsOf(path);
      for (const arrangement of arrangements.get(segments.length) ?? []) {
        const found = patterns.get(patternKey(segments, arrangement));
        const [first] = found?.values() ?? [];
        if (first && pathValues(first.path, path)) return found;
      }
      return undefined;
    },
  };
}

function addEntry(table: Map<string, Map<string, HttpEntry>>, key: string, entry: HttpEntry): void {
  const methods = table.get(key) ?? new Map<string, HttpEntry>();
  table.set(key, methods.set(entry.method, entry));
}

/** `0` for each fixed segment, `1` for each parameter. */
function arrangementOf(segments: readonly string[]): string {
  return segments.map((segment) => (isParameter(segment) ? "1" : "0")).join("");
}

/** The fixed segments, with nothing for parameters. */
function patternKey(segments: readonly string[], arrangement: string): string {
  return segments.map((segment, index) => (arrangement[index] === "1" ? "" : segment)).join("/");
}
