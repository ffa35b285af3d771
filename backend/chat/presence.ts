import { accepted, type Checked, refused } from "../text/checked.ts";
import type { DeviceState, PresenceState } from "./shapes.ts";

export type { DeviceState, Presence, PresenceHere, PresenceState } from "./shapes.ts";

export function deviceState(input: string): Checked<DeviceState> {
  return input === "online" || input === "away" ? accepted(input) : refused("PRESENCE_STATE");
}

/** Members of a room that are looked at to answer who is there. */
export const LOOKED_AT = 500;

/** Milliseconds that shape how presence is told. */
export interface PresenceTimes {
  /** A user whose last socket closed is offline only after this: a reload or a new connection does not flicker. */
  readonly grace: number;
  /** Each user's state is told this often at most, whatever their devices do; the last one counts. */
  readonly pace: number;
  /** Between two looks at what has changed: changes within it are told together. */
  readonly window: number;
}
export const PRESENCE_TIMES: PresenceTimes = { grace: 10_000, pace: 5_000, window: 1_000 };

/**
 * The state of a user, put together from the states of the user's devices, or of the nodes that the user is connected
 * to. One that is online outweighs the others.
 */
export function combined(states: Iterable<PresenceState>): PresenceState {
  let result: PresenceState = "offline";
  for (const state of states) {
    if (state === "online") return state;
    if (state === "away") result = state;
  }
  return result;
}
