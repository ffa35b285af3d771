import { randomBytes } from "node:crypto";
import { skeleton } from "../../text/look-alike.ts";
import type { MembershipState, Standing } from "../membership.ts";
import { browseKey } from "../room-key.ts";

/** How a user enters a room. */
export interface Entry {
  readonly room: string;
  readonly userId: string;
  readonly at: number;
  /** States from which the user may enter; `none` is a user who has no membership. */
  readonly fromStates: readonly (MembershipState | "none")[];
  /** Members that the room may have. */
  readonly maxMembers: number;
  /** Rooms that the user may be in, direct ones not counted; no limit when left out. */
  readonly maxRooms?: number;
  /** The user opens the room, as a public one, where there is none. */
  readonly opening?: OpeningByName;
}

/** How many public rooms the user may have opened since a time, and how many rooms the user may own. */
export interface OpeningByName {
  readonly maxOpened: number;
  readonly openedSince: number;
  readonly maxOwned: number;
}

/**
 * `full` when there is no such room or it has too many members, `too-many` when the user is in, or owns, too many
 * rooms, `refused` when the user's membership is none that `from` names or the account is disabled. The last two are of
 * a room that is opened: the user has opened too many, or another public room's name looks alike.
 */
export type EntryOutcome = "entered" | "opened" | "full" | "too-many" | "refused" | "opened-too-many" | "looks-alike";

/** The outcome of an entry, and the user's standing in the room when it is committed; undefined when refused. */
export interface Entered {
  readonly outcome: EntryOutcome;
  readonly standing: Standing | undefined;
}

/** Lets a user into a room. */
export type Enter = (entry: Entry) => Promise<Entered>;

/** What a new public room gets besides its name. */
interface NewRoomKeys {
  readonly epoch: string;
  readonly browseKey: string;
  /** No two rooms may share it. */
  readonly nameKey: string;
}

export const newRoomKeys = (room: string): NewRoomKeys => ({
  epoch: newEpoch(),
  browseKey: browseKey(room),
  nameKey: skeleton(room),
});

/** Identifies a room's sequence of messages: a room that is opened again under the same name begins another one. */
export const newEpoch = (): string => randomBytes(9).toString("base64url");
