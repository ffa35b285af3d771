import { combined, type Presence, type PresenceHere, type PresenceState, type PresenceTimes } from "./presence.ts";

/**
 * Which users are online, put together from what every node reports about its own sockets. Its size is the number of
 * users who are online.
 */
export interface PresenceRegistry {
  /** Takes a node's report; false when one before it is missing, and the node has to report everything again. */
  hear(node: string, here: PresenceHere): boolean;
  /**
   * A node is gone, with or without a word; who was there has a while to come back through another. `now` in
   * milliseconds.
   */
  lost(node: string, now: number): void;
  stateOf(user: string): PresenceState;
  /** States that have changed since they were confirmed, at most `limit` of them: changes are broadcast in parts. */
  news(now: number, limit: number): readonly Presence[];
  /** These states have been broadcast. */
  confirm(told: readonly Presence[]): void;
}

interface PresenceNode {
  revision: number;
  isWhole: boolean;
  readonly users: Map<string, PresenceState>;
  lostAt: number | undefined;
}

export function createPresenceRegistry(times: Pick<PresenceTimes, "grace">): PresenceRegistry {
  const nodes = new Map<string, PresenceNode>();
  const told = new Map<string, PresenceState>();
  const changed = new Set<string>();

  function stateOf(user: string): PresenceState {
    return combined([...nodes.values()].map(({ users }) => users.get(user) ?? "offline"));
  }

  function forget(node: PresenceNode): void {
    for (const user of node.users.keys()) changed.add(user);
    node.users.clear();
  }

  return {
    hear(name, here) {
      const node = nodes.get(name) ?? { revision: 0, isWhole: false, users: new Map(), lostAt: undefined };
      nodes.set(name, node);
      if (here.whole) forget(node);
      node.isWhole = here.whole || (node.isWhole && here.revision === node.revision + 1);
      node.revision = here.revision;
      node.lostAt = undefined;
      for (const state of ["online", "away"] as const) {
        for (const user of here[state]) {
          node.users.set(user, state);
          changed.add(user);
        }
      }
      for (const user of here.offline) if (node.users.delete(user)) changed.add(user);
      return node.isWhole;
    },

    lost(name, now) {
      const node = nodes.get(name);
      if (node) node.lostAt = now;
    },

    stateOf,

    news(now, limit) {
      for (const [name, node] of nodes) {
        if (node.lostAt === undefined || now < node.lostAt + times.grace) continue;
        forget(node);
        nodes.delete(name);
      }
      const news: Presence[] = [];
      for (const id of changed) {
        if (news.length === limit) break;
        const state = stateOf(id);
        if (state === (told.get(id) ?? "offline")) changed.delete(id);
        else news.push({ id, state });
      }
      return news;
    },

    confirm(presences) {
      for (const { id, state } of presences) {
        if (state === "offline") told.delete(id);
        else told.set(id, state);
      }
    },
  };
}
