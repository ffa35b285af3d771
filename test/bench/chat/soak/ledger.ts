import type { Message } from "../../../../backend/chat/shapes.ts";

/** What one author has sent, by number of the message. */
export interface Sent {
  /** Whether the author sends a message only when the one before is acknowledged. */
  readonly isSequential: boolean;
  /** When each was sent first, in milliseconds of `performance.now()`. */
  readonly at: number[];
  /** When each was acknowledged. */
  readonly acknowledgedAt: (number | undefined)[];
  /** The number in the room that the acknowledgement gave it. */
  readonly seq: (number | undefined)[];
  /** Edits that were acknowledged, and those that were tried: these may be stored or not. */
  readonly edits: Map<number, Edit>;
}

export type ProblemKind =
  | "lost"
  | "history"
  | "doubled"
  | "reordered"
  | "gap"
  | "not heard"
  | "edit not heard"
  | "shown"
  | "stuck"
  | "signed out"
  | "refused for good";

interface Edit {
  /** What the message was changed to. */
  readonly text: string;
  /** When it was acknowledged; undefined when it was not. */
  readonly acknowledgedAt: number | undefined;
  /** What happened to the site then. */
  readonly period: string;
}

/** Wrong things that are kept as sentences; more are only counted. */
const KEPT = 20;

/** All that was sent, acknowledged and heard. The text of a message is its id: `AUTHOR-NUMBER`. */
export class Ledger {
  readonly sent = new Map<string, Sent>();
  /** Of each room, the id of the message at each number, as the first client heard it. */
  readonly rooms = new Map<string, (string | undefined)[]>();
  readonly #wrong = new Map<ProblemKind, string[]>();
  readonly #counts = new Map<ProblemKind, number>();

  author(id: string, isSequential: boolean): Sent {
    const sent: Sent = { isSequential, at: [], acknowledgedAt: [], seq: [], edits: new Map() };
    this.sent.set(id, sent);
    return sent;
  }

  /** Notes what a client was told about the place of a message. */
  place({ room, seq, text }: Pick<Message, "room" | "seq" | "text">, who: string): void {
    const log = this.rooms.get(room) ?? [];
    this.rooms.set(room, log);
    const id = originalOf(text);
    const known = log[seq];
    if (known === undefined) log[seq] = id;
    else if (known !== id)
      this.wrong("reordered", `${room} ${seq} is ${id} for ${who} and ${known} for the one who heard it first`);
  }

  /** The edit that has given a message its text; undefined for a text that no edit was tried with. */
  editOf(text: string): Edit | undefined {
    if (!text.includes(" ")) return undefined;
    const { author, number } = partsOf(originalOf(text));
    return this.sent.get(author)?.edits.get(number);
  }

  wrong(kind: ProblemKind, sentence: string): void {
    const kept = this.#wrong.get(kind) ?? [];
    this.#wrong.set(kind, kept);
    if (kept.length < KEPT) kept.push(sentence);
    this.#counts.set(kind, (this.#counts.get(kind) ?? 0) + 1);
  }

  /** What is wrong: how many of each kind, and some of them as sentences. */
  get problems(): readonly {
    readonly kind: ProblemKind;
    readonly count: number;
    readonly examples: readonly string[];
  }[] {
    return [...this.#wrong].map(([kind, examples]) => ({ kind, count: this.#counts.get(kind) ?? 0, examples }));
  }

  get acknowledged(): number {
    let sum = 0;
    for (const { seq } of this.sent.values()) for (const one of seq) if (one !== undefined) sum += 1;
    return sum;
  }
}

/** The id of a message, whose text may have been edited: `ID` or `ID edited`. */
export const originalOf = (text: string): string => text.split(" ", 1)[0] ?? "";

/** The author and the number in an id. */
export function partsOf(id: string): { readonly author: string; readonly number: number } {
  const mark = id.lastIndexOf("-");
  return { author: id.slice(0, mark), number: Number(id.slice(mark + 1)) };
}
