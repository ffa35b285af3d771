// The `path` of an ingress rule is a Go regular expression. Go's never backtrack; JavaScript's do, and the path comes from whoever
// visits. So only patterns are taken on which both agree and which cannot backtrack for long: at most one repetition, of one
// character. Everything else is refused by name; the real cloudflared takes it.

const ESCAPED = new Map([
  ["d", "0-9"],
  ["w", "0-9A-Za-z_"],
  ["s", "\\t\\n\\f\\r "],
]);
const MAX_LENGTH = 1024;

/** Compiles a path pattern, unanchored as in cloudflared, or says what in it is not supported. */
export function compilePath(
  pattern: string,
): { ok: true; matches(path: string): boolean } | { ok: false; message: string } {
  const source = translate(pattern);
  if (typeof source !== "string") {
    return { ok: false, message: `path "${pattern}": ${source.problem}` };
  }
  try {
    const regexp = new RegExp(source, "u");
    return { ok: true, matches: (path) => regexp.test(path) };
  } catch {
    return { ok: false, message: `path "${pattern}" is not a regular expression` };
  }
}

function translate(pattern: string): string | { problem: string } {
  if (pattern.length > MAX_LENGTH) return { problem: `longer than ${MAX_LENGTH} characters` };
  const repetitions = pattern.match(/(?<!\\)[*+{]/g)?.length ?? 0;
  let source = "";
  let rest = pattern;
  let atom = ""; // what a quantifier would apply to: "", "character" or "group"
  let unbounded = 0;
  while (rest !== "") {
    const part = PART.exec(rest);
    if (!part) return { problem: `"${rest.slice(0, 12)}" is not supported by the connector in use` };
    const [text] = part;
    rest = rest.slice(text.length);
    const character = text.charAt(0);
    if ("*+?".includes(character)) {
      if (atom === "") return { problem: `nothing to repeat before "${text}"` };
      if (character !== "?") {
        unbounded += 1;
        if (atom === "group" || unbounded > 1 || repetitions > 1) {
          return { problem: "more than one repetition, or one of a group, is not supported by the connector in use" };
        }
      }
      source += character;
      atom = "";
    } else {
      source += rendered(text);
      atom = character === ")" ? "group" : "(|^$".includes(character) ? "" : "character";
    }
  }
  return source;
}

/** One part of a pattern: an escape, a class, a group's start, or a character. */
const PART =
  /^(?:\\[dws]|\\[^0-9A-Za-z]|\[\^?(?:\\[dws]|\\[^0-9A-Za-z]|[^\\[\]])+\]|\(\?:|\((?!\?)|[)|^$.*+?]|[^\\[\](){}])/u;

function rendered(text: string): string {
  if (text === ".") return "[^\\n]";
  if (text.startsWith("[")) return text.replace(/\\([dws])/g, (_, name: string) => ESCAPED.get(name) ?? "");
  const set = text.startsWith("\\") ? ESCAPED.get(text.slice(1)) : undefined;
  if (set !== undefined) return `[${set}]`;
  // An escape that the flag `u` does not know, such as `\-` or `\/`, stands for its character.
  if (text.startsWith("\\") && !/[\^$\\.*+?()[\]{}|/]/.test(text.slice(1))) return text.slice(1);
  return text;
}
