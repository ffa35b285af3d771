import { type SocketEntry, socket as socketEntries } from "../../surface.ts";
import type { SocketCallHooks, SocketFeature } from "./socket-feature.ts";

/** A call of the surface, and the hooks of the feature that it belongs to. */
export interface DeclaredCall {
  readonly entry: SocketEntry;
  readonly feature: SocketFeature | undefined;
  readonly hooks: SocketCallHooks<unknown>;
}

const NO_HOOKS: SocketCallHooks<unknown> = Object.freeze({});

/** The calls of the surface by action. Throws where two features have the same name or hooks for the same call. */
export function declaredCalls(features: readonly SocketFeature[]): ReadonlyMap<string, DeclaredCall> {
  const owners = new Map<string, SocketFeature>();
  const names = new Set<string>();
  for (const feature of features) {
    if (names.has(feature.name)) throw new Error(`Two features are named ${feature.name}. Give each its own name.`);
    names.add(feature.name);
    for (const action of Object.keys(feature.calls ?? {})) {
      const owner = owners.get(action)?.name;
      if (owner !== undefined)
        throw new Error(`The features ${owner} and ${feature.name} both have hooks for ${action}.`);
      owners.set(action, feature);
    }
  }
  const declared = new Map<string, DeclaredCall>();
  for (const entry of socketEntries as readonly SocketEntry[]) {
    const feature = owners.get(entry.action);
    const calls = feature?.calls as Readonly<Record<string, SocketCallHooks<unknown>>> | undefined;
    declared.set(entry.action, { entry, feature, hooks: calls?.[entry.action] ?? NO_HOOKS });
  }
  for (const [action, { name }] of owners)
    if (!declared.has(action))
      throw new Error(`The feature ${name} has hooks for ${action}, which the surface does not declare.`);
  return declared;
}
