import {
  assets,
  type HttpEntry,
  http,
  isParameter,
  matchesPath,
  RATE_CLASSES,
  type RateClass,
  SOCKET_PATH,
  segmentsOf,
} from "../../backend/surface.ts";
import { isPlain } from "./paths.ts";
import { hasPath } from "./services.ts";

/**
 * The part of `backend/surface.ts` that the edge can see: paths, methods and rate classes. Tests give other surfaces.
 */
export interface Surface {
  readonly http: readonly Pick<HttpEntry, "method" | "path" | "rate">[];
  /** Served by GET and HEAD. */
  readonly assets: readonly string[];
  /** Handshakes are GET requests of exactly this path. */
  readonly socketPath: string;
  readonly rates: Readonly<Record<RateClass, { readonly requests: number; readonly seconds: number }>>;
}

/** The surface of this project's backend. */
export const SURFACE: Surface = { http, assets, socketPath: SOCKET_PATH, rates: RATE_CLASSES };

/** Paths of this project's backend that are for administrators. */
export const ADMIN_PATHS: readonly string[] = http.filter(({ access }) => access === "admin").map(({ path }) => path);

/** Paths that have the same set of methods. */
export interface MethodGroup {
  /** Sorted, without repeats. */
  readonly methods: readonly string[];
  /** Sorted, without repeats. */
  readonly paths: readonly string[];
}

/** Every path of the surface once, grouped by its methods. */
export function methodGroups(surface: Surface): MethodGroup[] {
  const methodsOf = new Map<string, Set<string>>();
  const add = (path: string, ...methods: readonly string[]) => {
    const known = methodsOf.get(path) ?? new Set();
    for (const method of methods) known.add(method);
    methodsOf.set(path, known);
  };
  for (const path of surface.assets) add(path, "GET", "HEAD");
  for (const { method, path } of surface.http) add(path, method);
  add(surface.socketPath, "GET");

  const groups = Map.groupBy(methodsOf, ([, methods]) => [...methods].sort().join(" "));
  return [...groups]
    .map(([methods, entries]) => ({ methods: methods.split(" "), paths: entries.map(([path]) => path).sort() }))
    .sort((a, b) => (a.methods.join() < b.methods.join() ? -1 : 1));
}

/** Every path of the surface, each once, sorted. */
export const allPaths = (surface: Surface): string[] =>
  [...new Set([...surface.assets, ...surface.http.map(({ path }) => path), surface.socketPath])].sort();

/**
 * Paths that the page calls by fetch or over its socket: the API and the socket, where no challenge can be shown. A
 * path with parameters is listed with a value for each.
 */
export const calledPaths = (surface: Surface): string[] =>
  [...new Set([...surface.http.map(({ path }) => samplePath(path)), surface.socketPath])].sort();

/** A path with a value for each of its parameters, as a client requests it. */
export const samplePath = (path: string): string =>
  `/${segmentsOf(path)
    .map((segment) => (isParameter(segment) ? "7" : segment))
    .join("/")}`;

/**
 * Paths of the page alone: assets that are no path of the API as well. One that URL normalization may rewrite is left
 * out, since a rule cannot name it.
 */
export function pagePaths(surface: Surface): string[] {
  const own = [...surface.http.map(({ path }) => path), surface.socketPath];
  return surface.assets.filter((asset) => isPlain(asset) && !own.some((path) => matchesPath(path, asset)));
}

/** A path of the surface that is below this one, or that has a parameter which this one would be a value of. */
export const pathTakenBy = (surface: Surface, taken: string): string | undefined =>
  allPaths(surface).find((own) => hasPath(taken, own) || matchesPath(own, taken));

/** HTTP paths of one rate class, sorted. */
export const pathsOfClass = (surface: Surface, rate: RateClass): string[] =>
  [...new Set(surface.http.filter((entry) => entry.rate === rate).map(({ path }) => path))].sort();
