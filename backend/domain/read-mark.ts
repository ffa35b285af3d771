/** How far a user has read a room. It only ever grows within an epoch. */
export interface ReadMark {
  readonly room: string;
  readonly user: string;
  readonly epoch: string;
  /** Position of the newest message that was seen; 0 for none. */
  readonly seq: number;
}
