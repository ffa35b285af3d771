import type { RoomSummary } from "./chat-types.ts";
import type { People } from "./people.ts";
import type { Timeline } from "./timeline.ts";

/** A room in the user's list. */
export interface RoomView extends RoomSummary {
  /** Number of messages from others that the user has not read. */
  readonly unread: number;
  /** Number of those, among the messages that the client has, that mention the user. */
  readonly mentions: number;
}

/** The values from which a room's view is computed. */
interface RoomViewParts {
  readonly summary: RoomSummary;
  readonly timeline: Timeline | undefined;
  readonly people: People;
  /** Id of the user. */
  readonly userId: string;
}

/** The room as it is now: its summary, updated by the events that have arrived since the list was read. */
export function viewRoom({ summary, timeline, people, userId }: RoomViewParts): RoomView {
  const { peerId, peerState } = summary;
  const peer = peerId === undefined || peerState === undefined ? {} : { peerState: people.stateOf(peerId) };
  return { ...summary, ...peer, ...countUnread(summary, timeline, people.mark(summary.room, userId), userId) };
}

/** Counts unread messages. Of messages that the client does not have it knows only the number. */
function countUnread(
  { read, unread }: RoomSummary,
  timeline: Timeline | undefined,
  mark: number,
  userId: string,
): Pick<RoomView, "unread" | "mentions"> {
  if (!timeline?.position) return { unread, mentions: 0 };
  const seen = Math.max(read, mark);
  const unreadMessages = timeline.messages.filter(
    ({ seq, author, deletedAt }) => seq > seen && author.id !== userId && deletedAt === undefined,
  );
  return {
    unread: unreadMessages.length + Math.max(0, timeline.first - 1 - seen),
    mentions: unreadMessages.filter(({ mentions }) => mentions?.includes(userId)).length,
  };
}
