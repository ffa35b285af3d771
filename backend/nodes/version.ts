/**
 * Version of what nodes send each other: raised whenever a packet, an event, an action between nodes or the name of a
 * channel changes. It is the first byte of every packet. Nodes of different versions do not understand each other, and
 * drop each other's packets.
 */
export const VERSION = 5;

/** No version is higher: other programs' packets begin with text or with larger numbers. */
const HIGHEST = 31;

/** Whether a packet that could not be opened looks like one of a node of another version. Not authenticated. */
export function isOtherVersion(packet: Uint8Array): boolean {
  const [version = 0] = packet;
  return version > 0 && version <= HIGHEST && version !== VERSION;
}
