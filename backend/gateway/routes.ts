import { type HttpEntry, http } from "../surface.ts";

/** What exists where: path, method, entry. */
export type RouteTable = ReadonlyMap<string, ReadonlyMap<string, HttpEntry>>;

/** moleculer-web's routes: one alias for each entry, and nothing is mapped by the name of an action. */
export const routes = [
  {
    path: "/",
    mappingPolicy: "restrict",
    aliases: Object.fromEntries(http.map(({ method, path, action }) => [`${method} ${path}`, action])),
    bodyParsers: false,
  },
];

/**
 * The table by which requests are resolved: moleculer-web's aliases, looked up by their exact spelling instead of its patterns, which
 * ignore case and trailing slashes and are tried one after the other. Throws when an alias and the surface disagree.
 */
export function routeTable(
  aliases: readonly { readonly method: string; readonly fullPath: string; readonly action: string }[],
): RouteTable {
  const table = new Map<string, Map<string, HttpEntry>>();
  for (const { method, fullPath, action } of aliases) {
    const entry = (http as readonly HttpEntry[]).find((one) => one.method === method && one.path === fullPath);
    if (entry?.action !== action) throw new Error(`The alias ${method} ${fullPath} is not in the surface.`);
    const methods = table.get(fullPath) ?? new Map<string, HttpEntry>();
    table.set(fullPath, methods.set(method, entry));
  }
  const missing = http.filter(({ method, path }) => !table.get(path)?.has(method));
  if (missing.length > 0) throw new Error(`No alias leads to ${missing.map(({ path }) => path).join(", ")}.`);
  return table;
}
