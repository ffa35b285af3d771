import type { RoomMembership } from "../../membership.ts";
import type { Message } from "../../message.ts";

/** A message on its way into the store. */
export interface NewMessage {
  readonly room: string;
  readonly authorId: string;
  readonly clientId: string;
  readonly text: string;
  readonly at: number;
  readonly mentions?: readonly string[];
  /** Bytes that the author's messages may take; no limit when left out. */
  readonly quota?: number;
}

/**
 * Decides whether a message may be stored: the author is in the room and not muted at the message's time, a direct room
 * has both its members, and `quota` is kept. PostgreSQL decides the same by itself (`append-function.ts`).
 *
 * Throws the refusal when the author may not send the message: `standing` is the author's at this moment,
 * `storedBytes` what the author's messages take with this one.
 */
export type Judge = (standing: RoomMembership | undefined, storedBytes: number) => void;

/** A message that is stored. */
export interface Appended {
  readonly message: Message;
  /** The author has sent a message with this client id before. `message` is that one; nothing was stored. */
  readonly repeated: boolean;
}

/** A message that waits to be stored. */
export interface Submission {
  readonly draft: NewMessage;
  readonly judge: Judge;
  readonly bytes: number;
  readonly resolve: (appended: Appended) => void;
  readonly reject: (reason: unknown) => void;
}

/** Stores messages in the order of their numbers. */
export interface Appender {
  /**
   * Gives the message its number and stores it. When it resolves, the message is committed. Rejects with what `judge`
   * throws, and then nothing is stored.
   */
  append(draft: NewMessage, judge: Judge): Promise<Appended>;
}
