/**
 * The tokens of TypeScript, as far as properties of object literals are found with them. White space and comments are
 * left out.
 */
export interface SourceToken {
  readonly kind: "word" | "string" | "template" | "regex" | "sign";
  readonly start: number;
  readonly end: number;
}

const SPACE = /\s+/y;
const COMMENT = /\/\/[^\n]*|\/\*[\s\S]*?(?:\*\/|$)/y;
const STRING = /"(?:[^"\\\n]|\\[\s\S])*"?|'(?:[^'\\\n]|\\[\s\S])*'?/y;
const REGEX = /\/(?:[^/\\[\n]|\\.|\[(?:[^\]\\\n]|\\.)*\])+\/[a-z]*/y;
const WORD = /[\p{ID_Start}$_0-9][\p{ID_Continue}$.]*/uy;

/** Words after which a slash begins a regular expression. */
const BEFORE_REGEX = /^(?:return|typeof|case|in|of)$/;

/** Reads any text; what is no token of TypeScript is a sign of one character. */
export function tokensOf(source: string): readonly SourceToken[] {
  const tokens: SourceToken[] = [];
  let at = 0;
  const match = (pattern: RegExp): number | undefined => {
    pattern.lastIndex = at;
    return pattern.test(source) ? pattern.lastIndex : undefined;
  };
  while (at < source.length) {
    const skipped = match(SPACE) ?? match(COMMENT);
    if (skipped !== undefined) {
      at = skipped;
      continue;
    }
    const token = tokenAt(source, at, match, tokens.at(-1));
    tokens.push(token);
    at = token.end;
  }
  return tokens;
}

function tokenAt(
  source: string,
  start: number,
  match: (pattern: RegExp) => number | undefined,
  before: SourceToken | undefined,
): SourceToken {
  if (source[start] === "`") return { kind: "template", start, end: endOfTemplate(source, start) };
  const string = match(STRING);
  if (string !== undefined) return { kind: "string", start, end: string };
  const regex = beginsExpression(source, before) ? match(REGEX) : undefined;
  if (regex !== undefined) return { kind: "regex", start, end: regex };
  const word = match(WORD);
  return word === undefined ? { kind: "sign", start, end: start + 1 } : { kind: "word", start, end: word };
}

/** Whether an expression begins after this token, so that a slash is no division. */
function beginsExpression(source: string, before: SourceToken | undefined): boolean {
  if (before === undefined) return true;
  const text = source.slice(before.start, before.end);
  return before.kind === "sign" ? !/[)\]}]/.test(text) : before.kind === "word" && BEFORE_REGEX.test(text);
}

/** After the closing backtick; substitutions may hold templates of their own. */
function endOfTemplate(source: string, start: number): number {
  // of each open template how many braces are open in its substitution
  const braces: number[] = [];
  let isText = true;
  for (let at = start + 1; at < source.length; at += 1) {
    const character = source[at];
    if (isText) {
      if (character === "\\") at += 1;
      else if (character === "$" && source[at + 1] === "{") {
        braces.push(0);
        isText = false;
        at += 1;
      } else if (character === "`") {
        if (braces.length === 0) return at + 1;
        isText = false;
      }
    } else if (character === "`") isText = true;
    else if (character === "{") braces.push((braces.pop() ?? 0) + 1);
    else if (character === "}") {
      const open = braces.pop() ?? 0;
      if (open > 0) braces.push(open - 1);
      else isText = true;
    }
  }
  return source.length;
}
