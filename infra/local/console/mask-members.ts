const COLON = /\s*:\s*/y;
/** What follows a number or a word of JSON. */
const END_OF_WORD = /[\s,}\]]|$/g;

/**
 * JSON with the values of secret members replaced by strings. It is read as tokens: it may be cut off, several
 * documents in one text, or not valid. The rest stays as it is. Takes time in proportion to the text.
 *
 * @param mask gets the value as text, a string without its quotes, and returns the string that replaces it
 */
export function maskMembers(
  text: string,
  isSecret: (name: string) => boolean,
  mask: (value: string) => string,
): string {
  let masked = "";
  let copied = 0;
  for (let at = text.indexOf('"'); at >= 0; ) {
    const end = endOfString(text, at);
    COLON.lastIndex = end;
    let next = end;
    if (COLON.test(text)) {
      next = COLON.lastIndex;
      if (isSecret(stringOf(text.slice(at, end)))) {
        const valueEnd = endOfValue(text, next);
        masked += `${text.slice(copied, next)}"${mask(unquoted(text.slice(next, valueEnd)))}"`;
        copied = valueEnd;
        next = valueEnd;
      }
    }
    at = text.indexOf('"', next);
  }
  return copied === 0 ? text : masked + text.slice(copied);
}

/** Index after the string that begins at `at`. A line break ends it, since JSON has none in strings. */
function endOfString(text: string, at: number): number {
  for (let index = at + 1; index < text.length; index += 1) {
    const character = text[index];
    if (character === "\\") index += 1;
    else if (character === '"') return index + 1;
    else if (character === "\n") return index;
  }
  return text.length;
}

/** Index after the value that begins at `at`: a string, a number or word, or an array or object with all it holds. */
function endOfValue(text: string, at: number): number {
  const first = text[at];
  if (first === '"') return endOfString(text, at);
  if (first !== "{" && first !== "[") {
    END_OF_WORD.lastIndex = at;
    return END_OF_WORD.exec(text)?.index ?? text.length;
  }
  let depth = 0;
  for (let index = at; index < text.length; index += 1) {
    const character = text[index];
    if (character === '"') index = endOfString(text, index) - 1;
    else if (character === "{" || character === "[") depth += 1;
    else if (character === "}" || character === "]") {
      depth -= 1;
      if (depth === 0) return index + 1;
    }
  }
  return text.length;
}

/** The string that a token of JSON stands for: `"p\u0061ss"` is a name too. */
function stringOf(token: string): string {
  if (!token.includes("\\")) return unquoted(token);
  try {
    return String(JSON.parse(token));
  } catch {
    return unquoted(token);
  }
}

const unquoted = (token: string): string => token.replace(/^"|"$/g, "");
