import type { Standing } from "../../membership.ts";
import type { Message } from "../../message.ts";

/** A message that is to be stored. */
export interface NewMessage {
  readonly room: string;
  readonly authorId: string;
  /** The session of the author's call. */
  readonly sid: string;
  readonly clientId: string;
  readonly text: string;
  readonly at: number;
  readonly mentions?: readonly string[];
  /** Maximum bytes of the author's messages; no limit when left out. */
  readonly quota?: number;
}

/**
 * Throws the refusal when a message may not be stored. It may be when the author is in the room and not muted, a direct
 * room has both its members, and the quota is not exceeded. The function in PostgreSQL checks the same conditions
 * (`append-function.ts`).
 *
 * `standing` is the author's in the transaction, undefined where there is no such room, or session or account have
 * ended; `storedBytes` are the bytes of the author's messages with this one.
 */
export type AssertMaySend = (standing: Standing | undefined, storedBytes: number) => void;

/** A message that is stored. */
export interface Appended {
  readonly message: Message;
  /** The author has sent a message with this client id before. `message` is that one; nothing was stored. */
  readonly repeated: boolean;
}

/** A message that waits for its group. */
export interface WaitingMessage {
  readonly draft: NewMessage;
  readonly assertMaySend: AssertMaySend;
  readonly bytes: number;
  readonly resolve: (appended: Appended) => void;
  readonly reject: (reason: unknown) => void;
}

/** Gives messages their numbers, and stores them in that order. */
export interface Appender {
  /**
   * Gives a message its number and stores it. When it resolves, the message is committed. Rejects with the error that
   * `assertMaySend` throws; nothing is stored then.
   *
   * A message that the author has sent before is returned also where no new one may be sent, so that a client whose
   * response was lost learns that it is stored. In a session that has ended it is refused.
   */
  append(draft: NewMessage, assertMaySend: AssertMaySend): Promise<Appended>;
}
