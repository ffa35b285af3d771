import { constants } from "node:fs";
import { type FileHandle, open, rename } from "node:fs/promises";

/** The first line of a record. A reader refuses another version. */
export const RECORD_FORMAT = { format: "causeway-requests", version: 1 } as const;
const FIRST_LINE = `${JSON.stringify(RECORD_FORMAT)}\n`;

/** How large a record becomes. */
interface RecordLimits {
  /** Bytes of a file; a larger one is renamed, and replaces the one before it. */
  readonly fileBytes: number;
  /** Bytes that wait for the disk; more are dropped, and a line says how many requests are missing. */
  readonly waitingBytes: number;
}

const LIMITS: RecordLimits = { fileBytes: 64 * 1024 * 1024, waitingBytes: 8 * 1024 * 1024 };
/** Milliseconds for which lines are collected before they are written. */
const WRITE_INTERVAL_MS = 250;

/**
 * The requests of a site on the disk: NDJSON, a `RecordedExchange` a line, without bodies. The file is readable for its
 * owner alone. A full file becomes `FILE.1`; so there are at most two.
 */
export class RecordFile {
  readonly #file: string;
  readonly #limits: RecordLimits;
  readonly #warn: (line: string) => void;
  #handle: FileHandle | undefined;
  #size = 0;
  #waiting: Buffer[] = [];
  #waitingBytes = 0;
  #dropped = 0;
  #timer: NodeJS.Timeout | undefined;
  #writing: Promise<void> = Promise.resolve();
  #failed = false;

  /** `warn` gets a line when the record ends because the disk fails. */
  constructor(file: string, warn: (line: string) => void, limits: Partial<RecordLimits> = {}) {
    this.#file = file;
    this.#warn = warn;
    this.#limits = { ...LIMITS, ...limits };
  }

  /** Adds a line, which has no line break. It is on the disk after 250 ms, or after `close`. */
  append(line: Buffer): void {
    if (this.#failed) return;
    if (this.#waitingBytes + line.length > this.#limits.waitingBytes) {
      this.#dropped += 1;
      return;
    }
    this.#waiting.push(line, LINE_BREAK);
    this.#waitingBytes += line.length + 1;
    this.#timer ??= setTimeout(() => void this.#write(), WRITE_INTERVAL_MS).unref();
  }

  /** Writes what waits, and closes the file. */
  async close(): Promise<void> {
    await this.#write();
    await this.#handle?.close();
    this.#handle = undefined;
    this.#failed = true;
  }

  #write(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#writing = this.#writing.then(() => this.#writeWaiting()).catch((error: unknown) => this.#fail(error));
    return this.#writing;
  }

  async #writeWaiting(): Promise<void> {
    if (this.#failed || this.#waiting.length === 0) return;
    this.#handle ??= await this.#open();
    if (this.#dropped > 0) {
      this.#waiting.push(Buffer.from(`${JSON.stringify({ dropped: this.#dropped })}\n`));
      this.#dropped = 0;
    }
    const bytes = Buffer.concat(this.#waiting);
    this.#waiting = [];
    await this.#handle.appendFile(bytes);
    this.#waitingBytes -= Math.min(this.#waitingBytes, bytes.length);
    this.#size += bytes.length;
    if (this.#size >= this.#limits.fileBytes) await this.#rotate();
  }

  /** Opens the file. What another version wrote is moved away; a line that a kill cut off is ended. */
  async #open(): Promise<FileHandle> {
    const flags = constants.O_RDWR | constants.O_APPEND | constants.O_CREAT | constants.O_NOFOLLOW;
    const handle = await open(this.#file, flags, 0o600);
    try {
      await handle.chmod(0o600);
      const { size } = await handle.stat();
      const head = Buffer.alloc(FIRST_LINE.length);
      await handle.read(head, 0, head.length, 0);
      if (size > 0 && head.toString() !== FIRST_LINE) {
        await handle.close();
        await rename(this.#file, `${this.#file}.1`);
        return await this.#open();
      }
      if (size === 0) await handle.appendFile(FIRST_LINE);
      else if ((await lastByte(handle, size)) !== LINE_BREAK[0]) await handle.appendFile(LINE_BREAK);
      this.#size = size;
      return handle;
    } catch (error) {
      await handle.close().catch(() => {});
      throw error;
    }
  }

  async #rotate(): Promise<void> {
    await this.#handle?.close();
    this.#handle = undefined;
    await rename(this.#file, `${this.#file}.1`);
  }

  #fail(error: unknown): void {
    this.#failed = true;
    this.#waiting = [];
    const reason = error instanceof Error ? error.message : String(error);
    this.#warn(`requests are no longer recorded in ${this.#file}: ${reason}`);
  }
}

const LINE_BREAK = Buffer.from("\n");

async function lastByte(handle: FileHandle, size: number): Promise<number | undefined> {
  const byte = Buffer.alloc(1);
  await handle.read(byte, 0, 1, size - 1);
  return byte[0];
}
