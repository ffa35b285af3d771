/** How many counters below the highest one are remembered. NATS keeps a sender's order, so few packets are late. */
const WINDOW = 4096;
const WORD_BITS = 32;
const WORDS = WINDOW / WORD_BITS;

/** Remembers in 512 bytes which counters of one sender were seen (a ring of bits as in RFC 6479). */
export class ReplayWindow {
  readonly #seen = new Uint32Array(WORDS);
  readonly #first: number;
  #highest: number;

  /** The first counter and all lower ones count as seen. */
  constructor(first: number) {
    this.#first = first;
    this.#highest = first;
    this.#mark(first);
  }

  /** Marks a counter as seen. False where it was seen before, or is too far below the highest one to tell. */
  accept(counter: number): boolean {
    if (counter > this.#highest) this.#moveTo(counter);
    else if (counter <= this.#first || this.#highest - counter >= WINDOW - WORD_BITS || this.#has(counter))
      return false;
    this.#mark(counter);
    return true;
  }

  /** Clears the words of the ring before they are used for higher counters. */
  #moveTo(counter: number): void {
    const from = wordOf(this.#highest);
    const words = Math.min(wordOf(counter) - from, WORDS);
    for (let step = 1; step <= words; step += 1) this.#seen[(from + step) % WORDS] = 0;
    this.#highest = counter;
  }

  #has(counter: number): boolean {
    return ((this.#seen[wordOf(counter) % WORDS] ?? 0) & bitOf(counter)) !== 0;
  }

  #mark(counter: number): void {
    const word = wordOf(counter) % WORDS;
    this.#seen[word] = (this.#seen[word] ?? 0) | bitOf(counter);
  }
}

/** Counters go up to 2^48, beyond what JavaScript's bit operators take. */
const wordOf = (counter: number) => Math.floor(counter / WORD_BITS);
const bitOf = (counter: number) => 1 << (counter % WORD_BITS);
