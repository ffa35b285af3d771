import type { RoomPosition } from "../../chat/room-position.ts";
import type { RoomPositions } from "./room-positions.ts";

/** Rooms in one query. */
const BATCH = 200;
/** Milliseconds that a message may come before an earlier one; clients wait for 250 and then ask for themselves. */
const HOLE_PATIENCE_MS = 150;
/** Milliseconds between two tries while the database does not answer. */
const RETRY_MS = 500;

/** What decides when the rooms of this node are compared with the database. */
export interface RoomComparison {
  /** Something that was broadcast may not have come: compares all rooms. */
  compareAll(): void;
  /** A room has a hole: compares it, unless the hole is filled in a moment. */
  compareLater(room: string): void;
  /** Something that was broadcast to these rooms may not have come: compares them in a moment, many at once. */
  compareSoon(rooms: Iterable<string>): void;
  stop(): void;
}

/**
 * Compares what this node's sockets were sent with what the database has, one batch of rooms after another. However
 * many sockets there are, a room is read once, and never more than one batch at a time.
 *
 * @param read sends the sockets what is missing of these rooms; rejects when the database does not answer
 */
export function createRoomComparison(
  positions: RoomPositions,
  read: (batch: readonly RoomPosition[]) => Promise<void>,
): RoomComparison {
  let isRunning = false;
  let isStopped = false;
  let isAllDue = false;
  let due = new Set<string>();
  let timer: NodeJS.Timeout | undefined;

  async function run(): Promise<void> {
    if (isRunning || isStopped) return;
    isRunning = true;
    try {
      while (!isStopped && (isAllDue || due.size > 0)) {
        const rooms = isAllDue ? undefined : due;
        isAllDue = false;
        due = new Set();
        await compare(rooms);
      }
    } finally {
      isRunning = false;
    }
  }

  async function compare(rooms: ReadonlySet<string> | undefined): Promise<void> {
    try {
      for (const batch of positions.batches(BATCH, rooms)) await read(batch);
    } catch {
      if (rooms) for (const room of rooms) due.add(room);
      else isAllDue = true;
      await new Promise((resolve) => setTimeout(resolve, RETRY_MS * (1 + Math.random())).unref());
    }
  }

  /** Rooms with a hole, and rooms in which something may be missing that leaves no hole. */
  const late = new Set<string>();
  const doubtful = new Set<string>();
  function wait(): void {
    timer ??= setTimeout(endWait, HOLE_PATIENCE_MS).unref();
  }
  function endWait(): void {
    timer = undefined;
    for (const room of late) if (positions.hasHole(room)) due.add(room);
    for (const room of doubtful) due.add(room);
    late.clear();
    doubtful.clear();
    void run();
  }

  return {
    compareAll() {
      isAllDue = true;
      void run();
    },
    compareLater(room) {
      late.add(room);
      wait();
    },
    compareSoon(rooms) {
      for (const room of rooms) doubtful.add(room);
      wait();
    },
    stop() {
      isStopped = true;
      clearTimeout(timer);
    },
  };
}
