import type { FieldValue, RequestFacts } from "../evaluate/request.ts";
import { SCHEMA } from "../schema/schema.ts";
import { type Defaults, NotationError, shown, splitHeader, toFacts, toTime } from "./draft.ts";
import { fieldOfShortName, withoutAsPrefix } from "./visitor-names.ts";

const USAGE =
  'write METHOD TARGET, then any of: from ADDRESS, as "user agent", with "Name: value", body "text", at TIME, ' +
  "given FIELD=VALUE; given is repeated for each field";

/**
 * `GET /admin from 203.0.113.9 as "curl/8"`. The method may be left out, parts may come in any order and `with` and
 * `given` more than once.
 */
export function parseLine(text: string, defaults: Defaults): RequestFacts {
  const words = split(text);
  const hasMethod = /^[A-Z]+$/.test(words[0] ?? "");
  const target = words[hasMethod ? 1 : 0];
  if (target === undefined) throw new NotationError(`${shown(text)} is no request; ${USAGE}`);
  const headers: (readonly [string, string])[] = [];
  // without a prototype, so that a name such as __proto__ is one like all others
  const given: Record<string, FieldValue> = Object.create(null);
  let ip: string | undefined;
  let at: number | undefined;
  let body: string | undefined;
  for (let next = hasMethod ? 2 : 1; next < words.length; next += 2) {
    const [word, value] = words.slice(next, next + 2);
    if (value === undefined) throw new NotationError(`${shown(word ?? "")} has nothing after it; ${USAGE}`);
    if (word === "from") ip = value;
    else if (word === "as") headers.push(["User-Agent", value]);
    else if (word === "with") headers.push(splitHeader(value));
    else if (word === "body") body = value;
    else if (word === "at") at = toTime(value);
    else if (word === "given") {
      const [name, written] = readGiven(value, words[next + 2]);
      given[name] = written;
    } else throw new NotationError(`${shown(word ?? "")} is not known here; ${USAGE}`);
  }
  return toFacts({ method: hasMethod ? words[0] : undefined, target, headers, ip, at, body, given }, defaults);
}

/** The name and the value of `FIELD=VALUE`, for the word that follows it. */
function readGiven(word: string, following = ""): readonly [name: string, value: FieldValue] {
  const equals = word.indexOf("=");
  if (equals < 1) throw new NotationError(`${shown(word)} gives no value; write FIELD=VALUE`);
  const [, next] = /^([\w.]+)=/.exec(following) ?? [];
  const [, inside = ""] = /,([\w.]+)=/.exec(word) ?? [];
  const another = next ?? (SCHEMA.fields.has(fieldOfShortName(inside)) ? inside : undefined);
  if (another !== undefined) {
    throw new NotationError(`write given again for ${another}: given FIELD=VALUE given ${another}=VALUE`);
  }
  if (word.endsWith(",")) {
    throw new NotationError(
      `${shown(word)} ends with a comma; divide the parts by spaces, and write given for each field`,
    );
  }
  const name = word.slice(0, equals);
  return [name, readValue(withoutAsPrefix(fieldOfShortName(name), word.slice(equals + 1)))];
}

/** JSON where it is some, else the text itself: `true`, `30`, `["a"]`, `FR`. */
function readValue(text: string): FieldValue {
  try {
    return JSON.parse(text) as FieldValue;
  } catch {
    return text;
  }
}

/**
 * Words divided by white space; quotes hold a word together, and in double quotes a backslash keeps a quote or a
 * backslash. A quote that is not closed divides words.
 */
function split(text: string): readonly string[] {
  const words: string[] = [];
  let word: string | undefined;
  // A kind of quote that is not closed once is not looked for again, so that every character is read once.
  const unclosed = new Set<string>();
  const end = (): void => {
    if (word !== undefined) words.push(word);
    word = undefined;
  };
  for (let at = 0; at < text.length; at += 1) {
    const next = text.charAt(at);
    if (/\s/.test(next)) end();
    else if (next !== '"' && next !== "'") word = (word ?? "") + next;
    else {
      const quoted = unclosed.has(next) ? undefined : readQuote(text, at);
      if (quoted) {
        word = (word ?? "") + quoted.value;
        at = quoted.close;
      } else {
        unclosed.add(next);
        end();
      }
    }
  }
  end();
  return words;
}

function readQuote(text: string, open: number): { readonly value: string; readonly close: number } | undefined {
  const quote = text.charAt(open);
  let value = "";
  for (let at = open + 1; at < text.length; at += 1) {
    const next = text.charAt(at);
    if (next === quote) return { value, close: at };
    const escaped = quote === '"' && next === "\\" ? text.charAt(at + 1) : "";
    if (escaped) at += 1;
    value += escaped === '"' || escaped === "\\" ? escaped : next + escaped;
  }
  return undefined;
}
