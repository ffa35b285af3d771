/**
 * An absence after which a client got the newest page: changes of earlier messages that were made meanwhile are not
 * told.
 */
interface Restart {
  /** Number of the last message that it had. */
  readonly last: number;
  readonly from: number;
  to: number;
}

/**
 * Maximum milliseconds after its acknowledgement in which a connected client gets an edit. No accident holds broadcasts
 * back for so long.
 */
export const MAX_EDIT_DELAY_MS = 15_000;

/** When a client was connected, and so which edits it must have heard. All times in milliseconds of one clock. */
export class Attendance {
  readonly #restarts: Restart[] = [];
  #isHere = false;
  #backAt = Number.POSITIVE_INFINITY;
  #leftAt = Number.NEGATIVE_INFINITY;

  /** Its room is joined, for the first time or again. */
  back(now: number): void {
    if (this.#isHere) return;
    this.#isHere = true;
    this.#backAt = now;
    for (const restart of this.#restarts) restart.to = Math.min(restart.to, now);
  }

  /** Its connection is lost. */
  left(now: number): void {
    if (!this.#isHere) return;
    this.#isHere = false;
    this.#leftAt = now;
  }

  /** It got the newest page in place of what it missed; `last` is the last message that it had. */
  restarted(last: number): void {
    // one that is connected is told every change
    if (!this.#isHere) this.#restarts.push({ last, from: this.#leftAt, to: Number.POSITIVE_INFINITY });
  }

  /** Milliseconds since `at` of its present connection, or of its last one: time in which it could have heard. */
  connectedMsSince(at: number, now: number): number {
    return Math.max(0, (this.#isHere ? now : this.#leftAt) - Math.max(at, this.#backAt));
  }

  /** Whether nothing may have told it of an edit, which was acknowledged at `at`, of this message. */
  mayLack(seq: number, at: number): boolean {
    const isMeanwhile = ({ from, to }: Restart) => at > from - MAX_EDIT_DELAY_MS && at < to + MAX_EDIT_DELAY_MS;
    return this.#restarts.some((restart) => seq <= restart.last && isMeanwhile(restart));
  }
}
