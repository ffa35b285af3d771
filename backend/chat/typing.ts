/** Milliseconds between two words that a user is writing in a room; more are not passed on. */
export const TYPING_PACE = 3_000;
/** Users of one room whose typing is broadcast within that time: more names would not be read. */
export const TYPISTS = 10;

/**
 * Decides whether it is broadcast that a user is typing in a room. It remembers the broadcasts of `TYPING_PACE`.
 */
export function createTypingPace(): (room: string, user: string, now: number) => boolean {
  const told = new Map<string, { readonly room: string; readonly until: number }>(); // the oldest first
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
