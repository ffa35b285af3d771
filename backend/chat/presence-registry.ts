import { combined, type Presence, type PresenceHere, type PresenceState, type PresenceTimes } from "./presence.ts";

/**
 * Which users are online on any node. Each node reports the users of its own sockets. It holds one entry for each user
 * who is online.
 */
export interface PresenceRegistry {
  /** Applies a node's report. Returns false when an earlier one is missing: the node has to report all users again. */
  hear(node: string, here: PresenceHere): boolean;
  /**
   * Notes that a node has stopped or died. Its users count as online for another `graceMs`, in which they can connect
   * to other nodes. `now` in milliseconds.
   */
  lost(node: string, now: number): void;
  stateOf(user: string): PresenceState;
  /** States that differ from what was broadcast last, at most `limit` of them. */
  news(now: number, limit: number): readonly Presence[];
  /** Notes that these states were broadcast. */
  confirm(told: readonly Presence[]): void;
}

/** What one node has reported. */
interface PresenceNode {
  /** Number of its last report. */
  revision: number;
  /** Whether no report is missing. */
  isWhole: boolean;
  readonly users: Map<string, PresenceState>;
  /** When it stopped or died; undefined while it runs. */
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
