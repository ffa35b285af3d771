import type { LanguageSchema } from "../schema/schema.ts";

/** No name is longer, and comparing takes time. */
const LONGEST = 80;

/** Suggestions of one message. */
const MOST = 3;

/** The names closest to one that does not exist, best first, at most three; none if nothing is close. */
function suggest(name: string, known: Iterable<string>): readonly string[] {
  return closest(name, known).slice(0, MOST);
}

function closest(name: string, known: Iterable<string>): readonly string[] {
  if (name.length > LONGEST) return [];
  // Of a name as short as that nearly every other is close.
  const limit = name.length < 4 ? 1 : Math.max(2, Math.floor(name.length / 4));
  const lower = name.toLowerCase();
  return [...known]
    .map((candidate) => ({ candidate, distance: score(lower, candidate, limit) }))
    .filter(({ distance }) => distance <= limit)
    .sort((a, b) => a.distance - b.distance || a.candidate.length - b.candidate.length)
    .map(({ candidate }) => candidate);
}

/**
 * Edits between two names; a name that only lacks its first parts (`uri.path`) is as close as one with a typing error.
 */
function score(name: string, candidate: string, limit: number): number {
  if (name.length > 2 && candidate.endsWith(`.${name}`)) return 1;
  return Math.abs(name.length - candidate.length) > limit ? limit + 1 : distance(name, candidate);
}

/** Insertions, deletions, substitutions and swaps of neighbours (optimal string alignment). */
function distance(left: string, right: string): number {
  let before: number[] = [];
  let previous = Array.from({ length: right.length + 1 }, (_, at) => at);
  for (let row = 1; row <= left.length; row += 1) {
    const current = [row];
    for (let column = 1; column <= right.length; column += 1) {
      const same = left[row - 1] === right[column - 1] ? 0 : 1;
      let best = Math.min(
        (previous[column] ?? 0) + 1,
        (current[column - 1] ?? 0) + 1,
        (previous[column - 1] ?? 0) + same,
      );
      const swapped = left[row - 1] === right[column - 2] && left[row - 2] === right[column - 1];
      if (swapped) best = Math.min(best, (before[column - 2] ?? 0) + 1);
      current.push(best);
    }
    before = previous;
    previous = current;
  }
  return previous[right.length] ?? 0;
}

/** `did you mean a, b or c`, or undefined where nothing is close. */
export function didYouMean(name: string, known: Iterable<string>): string | undefined {
  return question(suggest(name, known));
}

/**
 * The same for a field of the schema, or one of `others`: instead of a deprecated field it returns the one that
 * replaces it.
 */
export function didYouMeanField(
  name: string,
  { fields }: Pick<LanguageSchema, "fields">,
  others: readonly string[] = [],
): string | undefined {
  const found = closest(name, [...others, ...fields.keys()]);
  return question([...new Set(found.map((one) => fields.get(one)?.replacedBy ?? one))].slice(0, MOST));
}

function question(names: readonly string[]): string | undefined {
  if (names.length === 0) return undefined;
  const last = names.at(-1);
  return `did you mean ${names.length > 1 ? `${names.slice(0, -1).join(", ")} or ${last}` : last}?`;
}
