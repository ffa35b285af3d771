/** `away`: every device of theirs shows something else. */
export type PresenceState = "online" | "away" | "offline";

/** Whether somebody is there. */
export interface Presence {
  readonly id: string;
  readonly state: PresenceState;
}

/** The state of somebody of whom several parts are known: each device, or each node. One that is online outweighs the others. */
export function combined(states: Iterable<PresenceState>): PresenceState {
  let result: PresenceState = "offline";
  for (const state of states) {
    if (state === "online") return state;
    if (state === "away") result = state;
  }
  return result;
}
