import {
  combineStates,
  type Presence,
  type PresenceReport,
  type PresenceState,
  type PresenceTimes,
} from "./presence.ts";

/**
 * Which users are online on any node. Each node reports the users of its own sockets. It holds one entry for each user
 * who is online.
 */
export interface PresenceRegistry {
  /** Applies a node's report. Returns false when an earlier one is missing: the node has to report all users again. */
  applyReport(node: string, report: PresenceReport): boolean;
  /**
   * Notes that a node has stopped or died. Its users count as online for another `graceMs`, in which they can connect
   * to other nodes. `now` in milliseconds.
   */
  markNodeLost(node: string, now: number): void;
  stateOf(user: string): PresenceState;
  /** States that differ from what was broadcast last, at most `limit` of them. */
  changes(now: number, limit: number): readonly Presence[];
  /** Notes that these states were broadcast. */
  confirmBroadcast(states: readonly Presence[]): void;
}

/** What one node has reported. */
interface PresenceNode {
  /** Number of its last report; each report has the next number. */
  revision: number;
  /** Whether no report is missing. */
  isWhole: boolean;
  readonly users: Map<string, PresenceState>;
  /** When it stopped or died, on the clock of `now`; undefined while it runs. */
  lostAt: number | undefined;
}

export function createPresenceRegistry(times: Pick<PresenceTimes, "graceMs">): PresenceRegistry {
  const nodes = new Map<string, PresenceNode>();
  const broadcastStates = new Map<string, PresenceState>();
  const changed = new Set<string>();

  function stateOf(user: string): PresenceState {
    return combineStates([...nodes.values()].map(({ users }) => users.get(user) ?? "offline"));
  }

  function forgetUsers(node: PresenceNode): void {
    for (const user of node.users.keys()) changed.add(user);
    node.users.clear();
  }

  return {
    applyReport(name, report) {
      const node = nodes.get(name) ?? { revision: 0, isWhole: false, users: new Map(), lostAt: undefined };
      nodes.set(name, node);
      if (report.whole) forgetUsers(node);
      node.isWhole = report.whole || (node.isWhole && report.revision === node.revision + 1);
      node.revision = report.revision;
      node.lostAt = undefined;
      for (const state of ["online", "away"] as const) {
        for (const user of report[state]) {
          node.users.set(user, state);
          changed.add(user);
        }
      }
      for (const user of report.offline) if (node.users.delete(user)) changed.add(user);
      return node.isWhole;
    },

    markNodeLost(name, now) {
      const node = nodes.get(name);
      if (node) node.lostAt = now;
    },

    stateOf,

    changes(now, limit) {
      for (const [name, node] of nodes) {
        if (node.lostAt === undefined || now < node.lostAt + times.graceMs) continue;
        forgetUsers(node);
        nodes.delete(name);
      }
      const presences: Presence[] = [];
      for (const id of changed) {
        if (presences.length === limit) break;
        const state = stateOf(id);
        if (state === (broadcastStates.get(id) ?? "offline")) changed.delete(id);
        else presences.push({ id, state });
      }
      return presences;
    },

    confirmBroadcast(presences) {
      for (const { id, state } of presences) {
        if (state === "offline") broadcastStates.delete(id);
        else broadcastStates.set(id, state);
      }
    },
  };
}
