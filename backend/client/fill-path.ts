/** The path of a request, and the parameters that are not in it. */
export interface FilledPath {
  readonly path: string;
  readonly rest: Readonly<Record<string, unknown>>;
}

/**
 * The path of an entry with its parameters' values, each encoded once, and the other parameters: the `id` of
 * `/api/todos/:id` is in the path.
 *
 * @throws TypeError for a value that no path can carry: nothing, an empty string, `.` and `..`, which URL parsers
 * remove, or text that is not well-formed Unicode
 */
export function fillPath(path: string, params: Readonly<Record<string, unknown>>): FilledPath {
  const rest = { ...params };
  const filled = path.split("/").map((segment) => {
    if (!segment.startsWith(":")) return segment;
    const name = segment.slice(1);
    const value = rest[name];
    delete rest[name];
    const text = typeof value === "string" || typeof value === "number" ? String(value) : "";
    if (["", ".", ".."].includes(text) || !text.isWellFormed()) {
      throw new TypeError(`The parameter ${name} of ${path} has to be text or a number that a path can carry.`);
    }
    return encodeURIComponent(text);
  });
  return { path: filled.join("/"), rest };
}
