import type { RoomPosition } from "../../chat/room-position.ts";
import type { ResultOf } from "../../contract/index.ts";
import type { SocketEvent } from "./socket-event.ts";

/** Events of one room that may be known beyond its position; with more, the room is compared with the database. */
const MAX_AHEAD = 200;

/** What the sockets here have been sent of one room. */
interface Told {
  readonly epoch: string;
  /** All messages up to this one. */
  seq: number;
  /** Numbers of later messages that were sent before an earlier one. */
  readonly early: Set<number>;
  /** All changes of messages up to this revision. */
  revision: number;
  /** Revisions of later changes. Whether one between them is missing cannot be seen: others than messages have them. */
  readonly changes: Set<number>;
}

/**
 * What the sockets of this node have been sent of each room that one of them is in: no message twice, and where
 * something is missing, from which position on. It holds as many rooms as have sockets here.
 */
export class RoomPositions {
  readonly #rooms = new Map<string, Told>();
  readonly #onHole: (room: string) => void;

  /** `onHole` is told of a room of which a message came before an earlier one, or more changes than are remembered. */
  constructor(onHole: (room: string) => void) {
    this.#onHole = onHole;
  }

  /**
   * A socket has entered a room: its client has this state and the events that were held during its join. The room's
   * position becomes what all clients here have. A broadcast that never came to this node may be in the state of one
   * client and not in that of another, which began to join earlier.
   */
  entered({ room, epoch, seq, revision, more }: ResultOf<"chat.join">, held: readonly SocketEvent[] = []): void {
    // where the client has only a part, it joins again, and the room's own position is not known
    if (more) return;
    const told = this.#rooms.get(room);
    if (!told) this.#rooms.set(room, { epoch, seq, early: new Set(), revision, changes: new Set() });
    else if (told.epoch === epoch) {
      lower(told, seq, revision, held);
      if (told.early.size > 0) this.#onHole(room);
    }
    for (const event of held) this.isNew(event);
  }

  /** No socket here is in the room any more. */
  emptied(room: string): void {
    this.#rooms.delete(room);
  }

  /** Remembers an event that is about to be sent; false when the sockets have been sent it already. */
  isNew({ room, kind, epoch, position }: Pick<SocketEvent, "room" | "kind" | "epoch" | "position">): boolean {
    if (room === undefined || (kind !== "message" && kind !== "changed")) return true;
    const told = this.#rooms.get(room);
    if (!told || told.epoch !== epoch) return true;
    return kind === "message" ? this.#isNewMessage(room, told, position) : this.#isNewChange(room, told, position);
  }

  /** Positions of these rooms, or of all, so many at once. */
  *batches(size: number, only?: ReadonlySet<string>): Generator<readonly RoomPosition[]> {
    let batch: RoomPosition[] = [];
    for (const room of only ?? [...this.#rooms.keys()]) {
      const told = this.#rooms.get(room);
      if (!told) continue;
      batch.push({ room, epoch: told.epoch, seq: told.seq, revision: told.revision });
      if (batch.length < size) continue;
      yield batch;
      batch = [];
    }
    if (batch.length > 0) yield batch;
  }

  /** Everything up to here has been sent. In another epoch the room has begun anew. */
  completed({ room, epoch, seq, revision }: RoomPosition): void {
    const told = this.#rooms.get(room);
    if (!told) return;
    if (told.epoch !== epoch) {
      this.#rooms.set(room, { epoch, seq, early: new Set(), revision, changes: new Set() });
      return;
    }
    for (const known of told.early) if (known <= seq) told.early.delete(known);
    for (const known of told.changes) if (known <= revision) told.changes.delete(known);
    told.seq = Math.max(told.seq, seq);
    told.revision = Math.max(told.revision, revision);
    advance(told);
  }

  /** Whether messages of the room are missing between those that were sent. */
  hasHole(room: string): boolean {
    const told = this.#rooms.get(room);
    return told !== undefined && (told.early.size > 0 || told.changes.size > MAX_AHEAD);
  }

  #isNewMessage(room: string, told: Told, seq: number): boolean {
    if (seq <= told.seq || told.early.has(seq)) return false;
    if (seq === told.seq + 1) {
      told.seq = seq;
      advance(told);
      return true;
    }
    told.early.add(seq);
    this.#onHole(room);
    return true;
  }

  #isNewChange(room: string, told: Told, revision: number): boolean {
    if (revision <= told.revision || told.changes.has(revision)) return false;
    told.changes.add(revision);
    if (told.changes.size > MAX_AHEAD) this.#onHole(room);
    return true;
  }
}

/** Takes back from a room's position what a client lacks that has this state and these events. */
function lower(told: Told, seq: number, revision: number, held: readonly SocketEvent[]): void {
  told.revision = Math.min(told.revision, revision);
  if (seq >= told.seq) return;
  for (const { kind, epoch, position } of held)
    if (kind === "message" && epoch === told.epoch && position > seq) told.early.add(position);
  told.seq = seq;
  advance(told);
}

/** Takes what came early and now follows. */
function advance(told: Told): void {
  while (told.early.delete(told.seq + 1)) told.seq += 1;
}
