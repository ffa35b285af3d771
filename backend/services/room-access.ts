import { roomName, SMALL_ROOM } from "../domain/room.ts";
import type { Store } from "../store/index.ts";
import { clean } from "./clean.ts";

/** A room that somebody is in. */
export interface Entered {
  readonly room: string;
  readonly epoch: string;
  /** Position of the newest message. */
  readonly seq: number;
  /** Whether all in it are told who comes and goes and who has read how far. */
  readonly isSmall: boolean;
}

/** The room that a parameter names, for whoever is in it. Refuses others as if there were no such room. */
export type EnterRoom = (input: string, userId: string) => Promise<Entered>;

export function roomAccess({ store, clock }: { readonly store: Store; readonly clock: () => number }): EnterRoom {
  return async (input) => {
    const room = clean("room", roomName(input));
    const { epoch, seq } = await store.messages.position(room, clock());
    return { room, epoch, seq, isSmall: (await store.readMarks.readers(room, SMALL_ROOM + 1)).length <= SMALL_ROOM };
  };
}
