import { openSync, write, writeSync } from "node:fs";

/** Milliseconds that a line may wait for others, to be written with them. */
const FLUSH_MS = 250;
/** Bytes of lines that are written together: to hand them to a thread costs as much as to make sixty of them. */
const BLOCK_BYTES = 64 * 1024;
/** Bytes that may wait for a reader that is slow or stuck. Beyond it lines are dropped and counted. */
const MAX_WAITING_BYTES = 8 * 1024 * 1024;
/** Milliseconds after which a reader that is full is tried again, and how often before the process ends. */
const RETRY_MS = 100;
const RETRIES_AT_END = 50;

/**
 * Where a running backend writes: lines go out in blocks of 64 KiB, at the latest after a quarter of a second and when
 * the process ends in order. A system call for each line costs a request more than everything else the log does.
 *
 * A reader that does not read must not fill the memory: beyond 8 MiB lines are dropped, and when the reader goes on,
 * one line says how many.
 *
 * pino's own output can collect lines too, but measures all it has collected anew for each line. Here each line is
 * encoded once, into the place from which it is written.
 */
export class BufferedOutput {
  readonly #file: number;
  #block = Buffer.allocUnsafeSlow(BLOCK_BYTES);
  /** Where the lines of the block begin that have not been handed on, where they end, and their number. */
  #start = 0;
  #end = 0;
  #lines = 0;
  /** What was handed on and is not written, the oldest first, and its bytes. */
  readonly #waiting: Buffer[] = [];
  #waitingBytes = 0;
  /** Lines that were dropped since the last ones were handed on. */
  #dropped = 0;
  /** Whether a thread writes the oldest of it. */
  #isWriting = false;
  /** Whether the reader is gone: then lines are dropped. */
  #isClosed = false;

  /** `to` is a file descriptor or path; the standard output when left out. */
  constructor(to: number | string = 1) {
    this.#file = typeof to === "number" ? to : openSync(to, "a");
    setInterval(() => this.flush(), FLUSH_MS).unref();
    process.once("exit", () => this.flushSync());
  }

  write(line: string): void {
    const most = 3 * line.length; // a character of UTF-16 is three bytes of UTF-8 at most
    if (this.#end + most > this.#block.length) {
      this.flush();
      this.#block = Buffer.allocUnsafeSlow(Math.max(BLOCK_BYTES, most));
      this.#start = 0;
      this.#end = 0;
    }
    this.#end += this.#block.write(line, this.#end);
    this.#lines += 1;
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
    this.#reportDropped();
    const waiting = this.#waiting.splice(this.#isWriting ? 1 : 0);
    this.#waitingBytes = this.#waiting[0]?.length ?? 0;
    let tries = 0;
    for (let bytes of waiting) {
      while (bytes.length > 0 && tries < RETRIES_AT_END) {
        try {
          bytes = bytes.subarray(writeSync(this.#file, bytes));
          tries = 0;
        } catch (error) {
          if (!isBusy(error)) return;
          tries += 1;
          Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, RETRY_MS);
        }
      }
    }
  }

  #handOn(): void {
    const bytes = this.#block.subarray(this.#start, this.#end);
    if (this.#waitingBytes + bytes.length > MAX_WAITING_BYTES) this.#dropped += this.#lines;
    else {
      this.#reportDropped();
      this.#wait(bytes);
    }
    this.#start = this.#end;
    this.#lines = 0;
  }

  #reportDropped(): void {
    if (this.#dropped === 0) return;
    const line = { level: "warn", time: new Date().toISOString(), lines: this.#dropped, msg: DROPPED };
    this.#wait(Buffer.from(`${JSON.stringify(line)}\n`));
    this.#dropped = 0;
  }

  #wait(bytes: Buffer): void {
    if (bytes.length === 0 || this.#isClosed) return;
    this.#waiting.push(bytes);
    this.#waitingBytes += bytes.length;
  }

  #writeOldest(): void {
    const [oldest] = this.#waiting;
    this.#isWriting = oldest !== undefined;
    if (oldest) write(this.#file, oldest, (error, bytes) => this.#written(error, oldest.subarray(bytes)));
  }

  /** A thread has written the oldest bytes, but for `rest`. Throws an error of the file, which ends the process. */
  #written(error: NodeJS.ErrnoException | null, rest: Buffer): void {
    if (isBusy(error)) return void setTimeout(() => this.#writeOldest(), RETRY_MS);
    if (error) {
      this.#isClosed = true;
      this.#isWriting = false;
      this.#waiting.length = 0;
      this.#waitingBytes = 0;
      if (error.code === "EPIPE") return;
      throw error;
    }
    const [oldest] = rest.length > 0 ? this.#waiting.splice(0, 1, rest) : this.#waiting.splice(0, 1);
    this.#waitingBytes += rest.length - (oldest?.length ?? 0);
    this.#writeOldest();
  }
}

const DROPPED = "log lines were dropped: what reads the log is too slow or stuck";

/** Whether a write failed because a reader is slow. */
function isBusy(error: unknown): boolean {
  const code = (error as NodeJS.ErrnoException | null)?.code;
  return code === "EAGAIN" || code === "EBUSY";
}
