/** How far a user has read a room. It only ever grows within an epoch. */
export interface ReadMark {
  readonly user: string;
  /** Position of the newest message that was seen; 0 for none. */
  readonly seq: number;
}

/** Marks of one room, of one incarnation of its sequence. */
export interface ReadMarks {
  readonly room: string;
  readonly epoch: string;
  readonly marks: readonly ReadMark[];
}
