import { openSync, write, writeSync } from "node:fs";

/** Milliseconds that a line may wait for others, to be written with them. */
const FLUSH = 250;
/** Bytes of lines that are written together: to hand them to a thread costs as much as to make sixty of them. */
const BLOCK = 64 * 1024;
/** Milliseconds after which a reader that is full is tried again, and how often before the process ends. */
const RETRY = 100;
const RETRIES_AT_END = 50;

/**
 * Where a running backend writes: lines go out in blocks of 64 KiB, at the latest after a quarter of a second and when
 * the process ends in order. A system call for each line costs a request more than everything else the log does.
 *
 * pino's own output can collect lines too, but measures all it has collected anew for each line. Here each line is
 * encoded once, into the place from which it is written.
 */
export class BufferedOutput {
  readonly #file: number;
  #block = Buffer.allocUnsafeSlow(BLOCK);
  /** Where the lines of the block begin that have not been handed on, and where they end. */
  #start = 0;
  #end = 0;
  /** What was handed on and is not written, the oldest first. */
  readonly #waiting: Buffer[] = [];
  /** Whether a thread writes the oldest of it. */
  #isWriting = false;
  /** Whether the reader is gone: then lines are dropped. */
  #isClosed = false;

  /** `to` is a file descriptor or path. */
  constructor(to: number | string) {
    this.#file = typeof to === "number" ? to : openSync(to, "a");
    setInterval(() => this.flush(), FLUSH).unref();
    process.once("exit", () => this.flushSync());
  }

  write(line: string): void {
    const most = 3 * line.length; // a character of UTF-16 is three bytes of UTF-8 at most
    if (this.#end + most > this.#block.length) {
      this.flush();
      this.#block = Buffer.allocUnsafeSlow(Math.max(BLOCK, most));
      this.#start = 0;
      this.#end = 0;
    }
    this.#end += this.#block.write(line, this.#end);
  }

  /** Begins to write what was collected. */
  flush(): void {
    this.#handOn();
    if (!this.#isWriting) this.#writeOldest();
  }

  /**
   * Writes what was collected, and returns when it is written; what a thread writes at the moment may come after it.
   * pino calls it after a line of the level `fatal`.
   */
  flushSync(): void {
    this.#handOn();
    const waiting = this.#waiting.splice(this.#isWriting ? 1 : 0);
    for (let bytes of waiting) {
      for (let tries = 0; bytes.length > 0 && tries < RETRIES_AT_END; ) {
        try {
          bytes = bytes.subarray(writeSync(this.#file, bytes));
        } catch (error) {
          if (!isBusy(error)) return;
          tries += 1;
          Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, RETRY);
        }
      }
    }
  }

  #handOn(): void {
    if (this.#start < this.#end && !this.#isClosed) this.#waiting.push(this.#block.subarray(this.#start, this.#end));
    this.#start = this.#end;
  }

  #writeOldest(): void {
    const [oldest] = this.#waiting;
    this.#isWriting = oldest !== undefined;
    if (oldest) write(this.#file, oldest, (error, bytes) => this.#written(error, oldest.subarray(bytes)));
  }

  /** A thread has written the oldest bytes, but for `rest`. Throws an error of the file, which ends the process. */
  #written(error: NodeJS.ErrnoException | null, rest: Buffer): void {
    if (isBusy(error)) return void setTimeout(() => this.#writeOldest(), RETRY);
    if (error) {
      this.#isClosed = true;
      this.#isWriting = false;
      this.#waiting.length = 0;
      if (error.code === "EPIPE") return;
      throw error;
    }
    if (rest.length > 0) this.#waiting[0] = rest;
    else this.#waiting.shift();
    this.#writeOldest();
  }
}

/** Whether a write failed because a reader is slow. */
function isBusy(error: unknown): boolean {
  const code = (error as NodeJS.ErrnoException | null)?.code;
  return code === "EAGAIN" || code === "EBUSY";
}
