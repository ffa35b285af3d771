import { accepted, type Checked, refused } from "../text/checked.ts";
import type { DeviceState, PresenceState } from "./shapes.ts";

export type { DeviceState, Presence, PresenceReport, PresenceState } from "./shapes.ts";

export function checkDeviceState(input: string): Checked<DeviceState> {
  return input === "online" || input === "away" ? accepted(input) : refused("PRESENCE_STATE");
}

/** Maximum number of members of a room whose presence `chat.presence` looks up. */
export const MAX_PRESENCE_MEMBERS = 500;

/** How often presence is reported and broadcast. Times in milliseconds. */
export interface PresenceTimes {
  /** Between the end of a user's last socket and the state `offline`: a reload does not show the user as offline. */
  readonly graceMs: number;
  /** Least time between two reports of one user's state. The latest state is reported. */
  readonly intervalMs: number;
  /** Between two reports of a node. Changes within it are reported together. */
  readonly windowMs: number;
}
export const PRESENCE_TIMES: PresenceTimes = { graceMs: 10_000, intervalMs: 5_000, windowMs: 1_000 };

/**
 * The state of a user, from the states of the user's devices, or of the nodes that they are connected to: `online`
 * where one is online, else `away` where one is away.
 */
export function combineStates(states: Iterable<PresenceState>): PresenceState {
  let result: PresenceState = "offline";
  for (const state of states) {
    if (state === "online") return state;
    if (state === "away") result = state;
  }
  return result;
}
