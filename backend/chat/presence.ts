import { accepted, type Checked, refused } from "../text/checked.ts";
import type { DeviceState, PresenceState } from "./shapes.ts";

export type { DeviceState, Presence, PresenceHere, PresenceState } from "./shapes.ts";

export function deviceState(input: string): Checked<DeviceState> {
  return input === "online" || input === "away" ? accepted(input) : refused("PRESENCE_STATE");
}

/** Maximum number of members of a room whose presence `chat.presence` looks up. */
export const LOOKED_AT = 500;

/** How often presence is reported and broadcast. Times in milliseconds. */
export interface PresenceTimes {
  /** Between the end of a user's last socket and the state `offline`: a reload does not show the user as offline. */
  readonly grace: number;
  /** Least time between two reports of one user's state. The latest state is reported. */
  readonly pace: number;
  /** Between two reports of a node. Changes within it are reported together. */
  readonly window: number;
}
export const PRESENCE_TIMES: PresenceTimes = { grace: 10_000, pace: 5_000, window: 1_000 };

/**
 * The state of a user, from the states of the user's devices, or of the nodes that they are connected to: `online`
 * where one is online, else `away` where one is away.
 */
export function combined(states: Iterable<PresenceState>): PresenceState {
  let result: PresenceState = "offline";
  for (const state of states) {
    if (state === "online") return state;
    if (state === "away") result = state;
  }
  return result;
}
