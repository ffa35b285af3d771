/** Up to which message and change a room is known, for example to a node. */
export interface RoomPosition {
  readonly room: string;
  /** Incarnation of the room's sequence. */
  readonly epoch: string;
  /** All messages up to this number are known. */
  readonly seq: number;
  /** All changes of messages up to this revision of the room are known. */
  readonly revision: number;
}
