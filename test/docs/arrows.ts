/** Which file may import which by `.dependency-cruiser.mjs`: for files of the project, and imports of values. */
import { files } from "./files.ts";

interface Side {
  readonly path?: string;
  readonly pathNot?: string;
  readonly [other: string]: unknown;
}

interface Rule {
  readonly from: Side;
  readonly to: Side;
}

// the configuration is no part of the program, so it is imported by its address
const { default: configuration } = (await import(new URL("../../.dependency-cruiser.mjs", import.meta.url).href)) as {
  readonly default: { readonly allowed: readonly Rule[]; readonly forbidden: readonly Rule[] };
};
const { allowed } = configuration;
/** Those about files: others are about packages, circles and imports that lead nowhere. */
const forbidden = configuration.forbidden.filter(
  ({ to }) => (to.path ?? to.pathNot) !== undefined && to.dependencyTypes === undefined,
);

/** TypeScript and JavaScript of the project. */
export const sources: readonly string[] = files.filter((path) =>
  /^(backend|infra|cloudflared|scripts|test)\/.*\.m?ts$|^infra\/main\.mjs$/.test(path),
);

/**
 * Groups of the pattern on the importing side, which the other side may refer to as `$1`; undefined without a match.
 */
function groupsOf({ path, pathNot }: Side, file: string): readonly string[] | undefined {
  if (pathNot !== undefined && new RegExp(pathNot).test(file)) return undefined;
  return path === undefined ? [] : (new RegExp(path).exec(file) ?? undefined);
}

/** A test of the imported side; `$1` in its patterns is what the importing side has matched. */
function matcher({ path, pathNot }: Side, groups: readonly string[]): (file: string) => boolean {
  const fill = (pattern: string) => new RegExp(pattern.replaceAll(/\$(\d)/g, (_, n) => groups[Number(n)] ?? ""));
  const wanted = path === undefined ? undefined : fill(path);
  const unwanted = pathNot === undefined ? undefined : fill(pathNot);
  return (file) => (wanted?.test(file) ?? true) && !unwanted?.test(file);
}

/** Returns a test of whether one of the rules is about an import by this file. */
function leads(rules: readonly Rule[], from: string): (file: string) => boolean {
  const tests = rules.flatMap(({ from: side, to }) => {
    const groups = groupsOf(side, from);
    return groups && to.dependencyTypes === undefined ? [matcher(to, groups)] : [];
  });
  return (file) => tests.some((test) => test(file));
}

/** Whether some file of one part may import some file of another one. */
export function mayImport(from: (file: string) => boolean, to: (file: string) => boolean): boolean {
  const targets = sources.filter(to);
  return sources.filter(from).some((file) => {
    const isAllowed = leads(allowed, file);
    const isForbidden = leads(forbidden, file);
    return targets.some((target) => isAllowed(target) && !isForbidden(target));
  });
}
