/**
 * Paths of entries: `/api/todos/:id` has two fixed segments and a parameter. The value of a parameter is a whole
 * segment, is not empty, and is decoded once.
 */

/** The segments of a path, without the slashes: those of `/a/:b` are `a` and `:b`. */
export function segmentsOf(path: string): string[] {
  return path.split("/").slice(1);
}

export function isParameter(segment: string): boolean {
  return segment.startsWith(":");
}

/** Whether a path has parameters: `/api/todos/:id` has one. */
export function hasParameters(path: string): boolean {
  return path.includes("/:");
}

/** The names of the parameters in a path, from left to right. */
export function pathNames(path: string): string[] {
  return segmentsOf(path)
    .filter(isParameter)
    .map((segment) => segment.slice(1));
}

/**
 * Characters and escapes of a segment (RFC 3986 3.3). Other characters are refused: a proxy or parser could read them
 * as another path.
 */
const SEGMENT = /^(?:[\w.~!$&'()*+,;=:@-]|%[\da-f]{2})+$/i;

/**
 * The value of a segment, decoded once. Undefined for an empty segment, for `.` and `..` in any spelling, which URL
 * parsers remove, and for bytes that are not UTF-8.
 */
function decodeSegment(segment: string): string | undefined {
  if (!SEGMENT.test(segment)) return undefined;
  if (!segment.includes("%")) return isDots(segment) ? undefined : segment;
  try {
    const value = decodeURIComponent(segment);
    return isDots(value) ? undefined : value;
  } catch {
    return undefined;
  }
}

function isDots(text: string): boolean {
  return text === "." || text === "..";
}

/**
 * Whether a requested path matches the path of an entry: fixed segments are equal, and each parameter has a value.
 */
export function matchesPath(path: string, requested: string): boolean {
  const segments = segmentsOf(path);
  const given = segmentsOf(requested);
  return (
    given.length === segments.length &&
    segments.every((segment, index) => {
      const part = given[index] ?? "";
      return isParameter(segment) ? decodeSegment(part) !== undefined : part === segment;
    })
  );
}

/** The values of the parameters in a requested path that matches, decoded once; undefined where one has no value. */
export function pathValues(path: string, requested: string): Readonly<Record<string, string>> | undefined {
  const given = segmentsOf(requested);
  const values: Record<string, string> = {};
  for (const [index, segment] of segmentsOf(path).entries()) {
    if (!isParameter(segment)) continue;
    const value = decodeSegment(given[index] ?? "");
    if (value === undefined) return undefined;
    values[segment.slice(1)] = value;
  }
  return values;
}
