/** Least milliseconds between two broadcasts that a user is writing in a room. */
export const TYPING_INTERVAL_MS = 3_000;
/** Maximum number of users of a room whose typing is broadcast in that time: more names are of no use to readers. */
export const MAX_TYPING_USERS = 10;

/**
 * Returns a function that decides whether to broadcast that a user is typing in a room. It remembers the broadcasts of
 * the last `TYPING_INTERVAL_MS`.
 */
export function createTypingFilter(): (room: string, user: string, now: number) => boolean {
  /** When a user may be broadcast again, the oldest first. */
  const sentUntil = new Map<string, { readonly room: string; readonly until: number }>();
  /** Number of users who are typing, by room. */
  const typingUsers = new Map<string, number>();

  function forget(now: number): void {
    for (const [key, { room, until }] of sentUntil) {
      if (until > now) return;
      sentUntil.delete(key);
      const left = (typingUsers.get(room) ?? 1) - 1;
      if (left > 0) typingUsers.set(room, left);
      else typingUsers.delete(room);
    }
  }

  return (room, user, now) => {
    forget(now);
    const key = `${user} ${room}`;
    const count = typingUsers.get(room) ?? 0;
    if (sentUntil.has(key) || count >= MAX_TYPING_USERS) return false;
    sentUntil.set(key, { room, until: now + TYPING_INTERVAL_MS });
    typingUsers.set(room, count + 1);
    return true;
  };
}
