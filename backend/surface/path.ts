/**
 * Paths of entries: `/api/todos/:id` is two fixed segments and a parameter. A parameter is one whole segment that is not empty;
 * it is decoded once.
 */

/** The names of the parameters in a path. */
export type PathNames<Path extends string> = Path extends `${string}/:${infer Name}/${infer Rest}`
  ? Name | PathNames<`/${Rest}`>
  : Path extends `${string}/:${infer Name}`
    ? Name
    : never;

/** The segments of a path, without the slashes: those of `/a/:b` are `a` and `:b`. */
export function segmentsOf(path: string): string[] {
  return path.split("/").slice(1);
}

export function isParameter(segment: string): boolean {
  return segment.startsWith(":");
}

/** The names of the parameters in a path, from left to right. */
export function pathNames(path: string): string[] {
  return segmentsOf(path)
    .filter(isParameter)
    .map((segment) => segment.slice(1));
}

/**
 * The path with its parameters' values, each encoded once, and the other parameters.
 *
 * @throws TypeError for a value that no path can carry: nothing, an empty string, `.` and `..`, which URL parsers remove, or
 * text that is not well-formed Unicode
 */
export function fillPath(
  path: string,
  params: Readonly<Record<string, unknown>>,
): { readonly path: string; readonly rest: Readonly<Record<string, unknown>> } {
  const rest = { ...params };
  const filled = segmentsOf(path).map((segment) => {
    if (!isParameter(segment)) return segment;
    const name = segment.slice(1);
    const value = rest[name];
    delete rest[name];
    const text = typeof value === "string" || typeof value === "number" ? String(value) : "";
    if (text === "" || isDots(text) || !text.isWellFormed()) {
      throw new TypeError(`The parameter ${name} of ${path} has to be text or a number that a path can carry.`);
    }
    return encodeURIComponent(text);
  });
  return { path: `/${filled.join("/")}`, rest };
}

/**
 * The value of a segment, decoded once; undefined for one that is no value: empty, `.` or `..` in any spelling, which URL
 * parsers on the way would remove, or bytes that are not UTF-8.
 */
export function decodeSegment(segment: string): string | undefined {
  if (segment === "") return undefined;
  try {
    const value = segment.includes("%") ? decodeURIComponent(segment) : segment;
    return isDots(value) ? undefined : value;
  } catch {
    return undefined;
  }
}

function isDots(text: string): boolean {
  return text === "." || text === "..";
}
