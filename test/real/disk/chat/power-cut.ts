import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const WRITE = 1;
const TRUNCATE = 2;
const SYNC_BEGINS = 3;
const HEADER = 16;
/** Bytes that a disk writes whole. */
const SECTOR = 512;
const FILES = ["causeway.db", "causeway.db-wal", "acknowledged"] as const;

/** A call that `record-writes.c` has recorded. */
interface Call {
  readonly type: number;
  readonly file: number;
  readonly position: number;
  readonly data: Buffer;
}

export function readCalls(path: string): readonly Call[] {
  const bytes = readFileSync(path);
  const calls: Call[] = [];
  for (let at = 0; at < bytes.length; ) {
    const length = bytes.readUInt32LE(at + 4);
    const data = bytes.subarray(at + HEADER, at + HEADER + length);
    calls.push({
      type: bytes.readUInt8(at),
      file: bytes.readUInt8(at + 1),
      position: Number(bytes.readBigUInt64LE(at + 8)),
      data,
    });
    at += HEADER + length;
  }
  return calls;
}

export const isAcknowledgement = ({ file }: Call): boolean => file === 2;

/** Which of the writes that were not synced a power cut leaves: 0 to 1 of each, as a share of its sectors. */
export type Luck = () => number;

/** The files of a process, with what of them is on disk. */
export class Disk {
  readonly #contents = FILES.map(() => ({ bytes: Buffer.alloc(1 << 20), size: 0 }));
  readonly #unsynced: { readonly order: number; readonly call: Call }[][] = FILES.map(() => []);
  readonly #begun = new Map<number, number>();
  readonly #syncs: boolean;
  #order = 0;
  /** @param syncs false: a disk on which no sync has any effect */
  constructor(syncs = true) {
    this.#syncs = syncs;
  }

  carryOut(call: Call): void {
    const order = ++this.#order;
    if (call.type === WRITE || call.type === TRUNCATE) {
      this.#unsynced[call.file]?.push({ order, call });
      return;
    }
    if (call.type === SYNC_BEGINS) {
      this.#begun.set(call.position, order);
      return;
    }
    if (!this.#syncs) return;
    // what was written after the sync has begun may not be covered by it
    const begun = this.#begun.get(call.position) ?? 0;
    const waiting = this.#unsynced[call.file] ?? [];
    const covered = waiting.findIndex((one) => one.order > begun);
    for (const { call: done } of waiting.splice(0, covered === -1 ? waiting.length : covered)) this.#apply(done, 1);
  }

  /** Lays down the database's files as a power cut at this moment would leave them. */
  cut(folder: string, luck: Luck): void {
    for (const file of [0, 1]) {
      const { bytes, size } = this.#contents[file] ?? { bytes: Buffer.alloc(0), size: 0 };
      const before = { bytes: Buffer.from(bytes.subarray(0, size)), size };
      for (const { call } of this.#unsynced[file] ?? []) apply(before, call, luck());
      writeFileSync(join(folder, FILES[file] ?? ""), before.bytes.subarray(0, before.size), { mode: 0o600 });
    }
  }

  #apply(call: Call, share: number): void {
    const content = this.#contents[call.file];
    if (content) apply(content, call, share);
  }
}

function apply(content: { bytes: Buffer; size: number }, { type, position, data }: Call, share: number): void {
  if (share <= 0) return;
  if (type === TRUNCATE) {
    content.bytes.fill(0, Math.min(position, content.bytes.length));
    content.size = position;
    return;
  }
  const length = share >= 1 ? data.length : Math.floor((data.length * share) / SECTOR) * SECTOR;
  const end = position + length;
  if (length === 0) return;
  if (end > content.bytes.length) {
    const larger = Buffer.alloc(Math.max(end, content.bytes.length * 2));
    content.bytes.copy(larger);
    content.bytes = larger;
  }
  data.copy(content.bytes, position, 0, length);
  content.size = Math.max(content.size, end);
}
