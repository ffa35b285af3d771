/** Finds properties of a rule in the TypeScript file that its author wrote. Nothing is run. */
import { type SourceToken, tokensOf } from "./source-tokens.ts";

/** A property in a file. Offsets in UTF-16 code units. */
export interface SourceProperty {
  /** Where its name begins, or the element of a list. */
  readonly start: number;
  /** Several objects of the file have this `ref`: which of them is the rule is not known. */
  readonly isAmbiguous?: true;
  /** Its value, where that is one string without escapes and substitutions: the text, and where it begins. */
  readonly literal?: { readonly text: string; readonly start: number; readonly quote: string };
}

/** An object literal, a list, or any other pair of brackets. */
interface Brackets {
  readonly open: string;
  readonly members: SourceMember[];
}

interface SourceMember {
  /** Name of a property, or place in a list. */
  readonly name: string;
  readonly start: number;
  readonly brackets: Brackets[];
  readonly value: SourceToken[];
}

/**
 * The property at a path of the rule with this `ref`: `["examples", "match", "2"]`. Where the whole path is not there,
 * the last part of it that is; undefined where the file has no object with this `ref`, as where a function makes it.
 */
export function findProperty(source: string, ref: string, path: readonly string[]): SourceProperty | undefined {
  const all = bracketsOf(source, tokensOf(source));
  const named = all.filter(({ members }) =>
    members.some((one) => one.name === "ref" && literalOf(source, one)?.text === ref),
  );
  const rule =
    named[0] ?? all.find(({ members }) => ["ref", "when"].every((name) => members.some((one) => one.name === name)));
  if (rule === undefined) return undefined;
  let found = rule.members.find(({ name }) => name === "ref");
  let here: readonly Brackets[] = [rule];
  for (const name of path) {
    const next = here.flatMap(({ members }) => members).find((one) => one.name === name);
    if (next === undefined) break;
    found = next;
    here = next.brackets;
  }
  if (found === undefined) return undefined;
  const literal = literalOf(source, found);
  return { start: found.start, ...(literal && { literal }), ...(named.length > 1 && { isAmbiguous: true }) };
}

function literalOf(source: string, { value }: SourceMember): SourceProperty["literal"] {
  const [only] = value;
  if (value.length !== 1 || only === undefined || (only.kind !== "string" && only.kind !== "template"))
    return undefined;
  const text = source.slice(only.start + 1, only.end - 1);
  const quote = source[only.start] ?? "";
  return text.includes("\\") || (quote === "`" && text.includes("${"))
    ? undefined
    : { text, start: only.start + 1, quote };
}

const CLOSING: Readonly<Record<string, string>> = { "{": "}", "[": "]", "(": ")" };

/** Every pair of brackets with its members, in the order in which they open. */
function bracketsOf(source: string, tokens: readonly SourceToken[]): readonly Brackets[] {
  const textOf = (token: SourceToken | undefined) => (token === undefined ? "" : source.slice(token.start, token.end));
  const all: Brackets[] = [];
  const open: { readonly brackets: Brackets; member: SourceMember | undefined; isNext: boolean }[] = [];
  for (const [index, token] of tokens.entries()) {
    const text = textOf(token);
    const top = open.at(-1);
    const isSign = token.kind === "sign";
    if (isSign && top !== undefined && text === CLOSING[top.brackets.open]) {
      open.pop();
      continue;
    }
    if (top?.isNext && !(isSign && text === ",")) {
      top.isNext = false;
      top.member = memberAt(top.brackets, token, text, textOf(tokens[index + 1]));
      if (top.member !== undefined) top.brackets.members.push(top.member);
      // the value of a property begins behind its colon
      if (top.member !== undefined && top.brackets.open === "{") continue;
    }
    if (isSign && text in CLOSING) {
      const brackets: Brackets = { open: text, members: [] };
      top?.member?.brackets.push(brackets);
      top?.member?.value.push(token);
      all.push(brackets);
      open.push({ brackets, member: undefined, isNext: true });
      continue;
    }
    if (top === undefined) continue;
    if (isSign && text === ",") {
      top.isNext = true;
      top.member = undefined;
    } else if (!(isSign && text === ":" && top.member?.value.length === 0)) top.member?.value.push(token);
  }
  return all;
}

/** The member that begins with a token: of an object a property, of a list an element. */
function memberAt(
  { open, members }: Brackets,
  token: SourceToken,
  text: string,
  next: string,
): SourceMember | undefined {
  const { start } = token;
  if (open === "[") return { name: String(members.length), start, brackets: [], value: [] };
  if (open === "(" || (token.kind !== "word" && token.kind !== "string")) return undefined;
  if (![":", ",", "}", "("].includes(next)) return undefined;
  const name = token.kind === "string" ? text.slice(1, -1) : text;
  return { name, start, brackets: [], value: [] };
}
