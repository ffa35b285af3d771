/** Shards of channels. Each is a NATS subject, to which a node subscribes while a socket here hears one of them. */
export const SHARDS = 16_384;
/** Subject of broadcasts that do not go to one channel. Every node subscribes to it. */
export const TO_EVERY_NODE = SHARDS;
/** Subject on which each node sends its packet counts. Every node subscribes to it. */
export const PACKET_COUNTS = SHARDS + 1;
/** Subjects in all; they are numbered from 0. */
export const SUBJECTS = SHARDS + 2;

/** The name of a subject on NATS. The permissions in docs/several-nodes.md allow `MOL-causeway.>`. */
export const subjectName = (subject: number): string => `MOL-causeway.CAST.${subject}`;

const FNV_START = 0x811c9dc5;
const FNV_PRIME = 0x01000193;

/** The shard of a channel, the same on all nodes: FNV-1a over its UTF-16 code units, folded to 14 bits. */
export function shardOf(channel: string): number {
  let hash = FNV_START;
  for (let at = 0; at < channel.length; at += 1) hash = Math.imul(hash ^ channel.charCodeAt(at), FNV_PRIME);
  return ((hash >>> 14) ^ hash) & (SHARDS - 1);
}
