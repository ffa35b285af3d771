/**
 * Members whose keys are somebody's data (names of headers), not names of the API: `rewrite` has `headers`, a cache key's
 * `header` has `contains`.
 */
const KEYED_BY_DATA = new Set(["headers", "contains"]);

/** The API's `snake_case` members as the SDK's `camelCase` ones, at every depth; values and keys that are data stay. */
export function camelCase(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(camelCase);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, member]) => [
      key.replace(/_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase()),
      KEYED_BY_DATA.has(key) ? valuesToCamelCase(member) : camelCase(member),
    ]),
  );
}

function valuesToCamelCase(byData: unknown): unknown {
  if (typeof byData !== "object" || byData === null || Array.isArray(byData)) return camelCase(byData);
  return Object.fromEntries(Object.entries(byData).map(([key, member]) => [key, camelCase(member)]));
}
