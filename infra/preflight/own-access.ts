import { accessResource } from "../resources/compile.ts";

/** The ids of what the stack's state has of Access, by the name that the settings give it. */
export function ownAccess(known: Readonly<Record<string, string>>, kind: "app" | "token"): ReadonlyMap<string, string> {
  const prefix = accessResource(kind, "");
  return new Map(
    Object.entries(known).flatMap(([name, id]) =>
      name.startsWith(prefix) ? [[name.slice(prefix.length), id] as const] : [],
    ),
  );
}
