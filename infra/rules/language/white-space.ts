const WHITE_SPACE = /\p{White_Space}/u;

/**
 * Where the text begins and ends without the white space around it (Unicode's White_Space, which the engine trims).
 * Both are 0 where there is nothing else. Takes one pass: a regular expression that is anchored at the end takes
 * quadratic time.
 */
export function trimmed(text: string): { readonly start: number; readonly end: number } {
  let end = text.length;
  while (end > 0 && WHITE_SPACE.test(text.charAt(end - 1))) end -= 1;
  let start = 0;
  while (start < end && WHITE_SPACE.test(text.charAt(start))) start += 1;
  return { start, end };
}
