/**
 * The patterns of `wildcard` and `strict wildcard`
 * (https://developers.cloudflare.com/ruleset-engine/rules-language/operators/#wildcard-matching): `*` is any number of
 * bytes, `\*` and `\\` are a star and a backslash, everything else is itself.
 */

export interface WildcardError {
  readonly message: string;
  readonly engine: string;
  readonly hint: string;
}

/** What is wrong with a pattern (a byte string), or undefined. */
export function wildcardError(pattern: string): WildcardError | undefined {
  let doubled = false;
  for (let at = 0; at < pattern.length; at += 1) {
    if (pattern[at] === "\\") {
      if (pattern[at + 1] !== "*" && pattern[at + 1] !== "\\") {
        return {
          message: "in a wildcard pattern a backslash stands before * or another backslash only",
          engine: `invalid wildcard: wildcard syntax error at position ${at}: invalid escape sequence`,
          hint: 'a quoted string halves backslashes first; r"a\\*b" is the pattern a, star, b',
        };
      }
      at += 1;
    } else if (pattern[at] === "*" && pattern[at + 1] === "*") doubled = true;
  }
  if (!doubled) return undefined;
  return {
    message: "a wildcard pattern has no two stars in a row",
    engine: "wildcard contains a double star",
    hint: "one * already stands for any number of characters, slashes included",
  };
}

/** The literal parts between the stars: `n` stars give `n + 1` parts. */
export function wildcardParts(pattern: string): readonly string[] {
  const parts = [""];
  for (let at = 0; at < pattern.length; at += 1) {
    const next = pattern.charAt(at);
    if (next === "*") parts.push("");
    else {
      if (next === "\\") at += 1;
      parts[parts.length - 1] += pattern.charAt(at);
    }
  }
  return parts;
}
