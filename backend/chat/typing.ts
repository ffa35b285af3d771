/** Least milliseconds between two broadcasts that a user is writing in a room. */
export const TYPING_PACE = 3_000;
/** Maximum number of users of a room whose typing is broadcast in that time: more names are of no use to readers. */
export const TYPISTS = 10;

/**
 * Returns a function that decides whether to broadcast that a user is typing in a room. It remembers the broadcasts of
 * the last `TYPING_INTERVAL_MS`.
 */
export function createTypingPace(): (room: string, user: string, now: number) => boolean {
  /** When a user may be broadcast again, the oldest first. */
  const told = new Map<string, { readonly room: string; readonly until: number }>();
  /** Number of users who are typing, by room. */
  const typists = new Map<string, number>();

  function forget(now: number): void {
    for (const [key, { room, until }] of told) {
      if (until > now) return;
      told.delete(key);
      const left = (typists.get(room) ?? 1) - 1;
      if (left > 0) typists.set(room, left);
      else typists.delete(room);
    }
  }

  return (room, user, now) => {
    forget(now);
    const key = `${user} ${room}`;
    const count = typists.get(room) ?? 0;
    if (told.has(key) || count >= TYPISTS) return false;
    told.set(key, { room, until: now + TYPING_PACE });
    typists.set(room, count + 1);
    return true;
  };
}
