/**
 * Splits texts and queries into words, the same way for both databases. Their own parsers depend on the locale of the
 * database and take Chinese, Japanese or Thai text without spaces as one long word.
 *
 * No word is reduced to a stem: that needs to know the language, and messages do not say theirs. A word of a query
 * matches every word that begins with it instead. In scripts without spaces, and in Korean, it matches anywhere.
 */

import { withoutLongRunsOfMarks } from "../text/text.ts";

/** Letters of scripts that are written without spaces between words, and of Korean, whose words take endings. */
const UNSPACED =
  "[[\\p{L}\\p{M}]&&[\\p{scx=Han}\\p{scx=Hira}\\p{scx=Kana}\\p{scx=Hang}\\p{scx=Thai}\\p{scx=Lao}\\p{scx=Khmer}\\p{scx=Mymr}]]";
const WORD = new RegExp(`${UNSPACED}+|[[\\p{L}\\p{M}\\p{N}]--${UNSPACED}]+`, "gv");
const IS_UNSPACED = new RegExp(`^${UNSPACED}`, "v");
const ASCII = /^\p{ASCII}*$/u;
const ASCII_WORD = /[a-z0-9]+/g;
/** Accents of Latin, Greek and Cyrillic letters, once they are apart from their letters. */
const ACCENTS = /[\u0300-\u036f]/g;

/**
 * Lengths, in characters, of the beginnings of a word that are in the index: `searching` is there as `search` and
 * `sea`. A word of a query is looked up by the longest of its beginnings. A word that is shorter than both is in the
 * index as it is, and matches the same word only.
 */
const LONG_PREFIX_LENGTH = 6;
const SHORT_PREFIX_LENGTH = 3;

/** Maximum number of a query's words that are looked up in the index. The others are compared with the found texts. */
const MAX_INDEXED_WORDS = 8;
/** Maximum number of terms for which the index is searched. */
const MAX_TERMS = 16;
const SURROGATE = /[\ud800-\udfff]/;

interface Word {
  readonly text: string;
  /** Its script has no spaces, so that it is not known where words begin and end. It matches any part of a text. */
  readonly isUnspaced: boolean;
}

/** A query that has words. */
export interface SearchQuery {
  /** Terms that every matching message has. A message that has them may not match. */
  readonly terms: readonly string[];
  /** Whether a text has all words of the query. */
  matches(text: string): boolean;
}

/** The words of a query; undefined when it has none. */
export function parseQuery(query: string): SearchQuery | undefined {
  const queryWords = wordsIn(normalize(query));
  if (queryWords.length === 0) return undefined;
  const terms = new Set<string>();
  for (const { text, isUnspaced } of queryWords.slice(0, MAX_INDEXED_WORDS)) {
    if (isUnspaced) for (const gram of pairsOf(text)) terms.add(gram);
    else terms.add(prefixOf(text, LONG_PREFIX_LENGTH) ?? prefixOf(text, SHORT_PREFIX_LENGTH) ?? text);
  }
  return {
    terms: [...terms].slice(0, MAX_TERMS),
    matches(text) {
      const normalized = normalize(text);
      // most texts do not even contain the letters. This check is several times as fast as splitting into words
      if (!queryWords.every((one) => normalized.includes(one.text))) return false;
      const words = wordsIn(normalized);
      return queryWords.every((one) => words.some((word) => isMatch(word, one)));
    },
  };
}

/** The terms of a text in the index. Each has at most six letters, marks and digits of any script, and no space. */
export function indexTerms(text: string): readonly string[] {
  const terms = new Set<string>();
  for (const word of wordsIn(normalize(text))) {
    if (word.isUnspaced) addCharactersAndPairs(word.text, terms);
    else addPrefixes(word.text, terms);
  }
  return [...terms];
}

/** The different words of a normalized text. */
function wordsIn(normalized: string): readonly Word[] {
  const isAscii = ASCII.test(normalized);
  const words = new Set(normalized.match(isAscii ? ASCII_WORD : WORD));
  return Array.from(words, (text) => ({ text, isUnspaced: !isAscii && IS_UNSPACED.test(text) }));
}

/** The text without case, accents and compatibility forms, so that letters match that readers take for the same. */
function normalize(text: string): string {
  if (ASCII.test(text)) return text.toLowerCase();
  const folded = withoutLongRunsOfMarks(text)
    .normalize("NFKD")
    .replace(ACCENTS, "")
    .normalize("NFC")
    .toUpperCase()
    .toLowerCase();
  return folded.replaceAll("ς", "σ").normalize("NFC");
}

function isMatch(textWord: Word, queryWord: Word): boolean {
  if (textWord.isUnspaced !== queryWord.isUnspaced) return false;
  if (textWord.isUnspaced) return textWord.text.includes(queryWord.text);
  return textWord.text.startsWith(queryWord.text) && (textWord.text === queryWord.text || !isShort(queryWord.text));
}

/** Whether a word is shorter than the beginnings in the index. */
function isShort(word: string): boolean {
  return prefixOf(word, SHORT_PREFIX_LENGTH) === undefined;
}

/** The first characters of a word; undefined when it has fewer. A character beyond U+FFFF counts as one. */
function prefixOf(word: string, length: number): string | undefined {
  if (word.length < length) return undefined;
  const first = word.slice(0, length);
  if (!SURROGATE.test(first)) return first;
  const characters = Array.from(word.slice(0, 2 * length));
  return characters.length < length ? undefined : characters.slice(0, length).join("");
}

function addPrefixes(word: string, terms: Set<string>): void {
  const short = prefixOf(word, SHORT_PREFIX_LENGTH);
  terms.add(short ?? word);
  const long = prefixOf(word, LONG_PREFIX_LENGTH);
  if (long !== undefined) terms.add(long);
}

/** Adds each character of a word without spaces, and each pair of neighbouring characters. */
function addCharactersAndPairs(word: string, terms: Set<string>): void {
  let before = "";
  for (const character of word) {
    terms.add(character);
    if (before !== "") terms.add(before + character);
    before = character;
  }
}

/** The pairs of neighbouring characters of a word; a single character as it is. */
function pairsOf(word: string): readonly string[] {
  const characters = Array.from(word);
  if (characters.length === 1) return characters;
  return characters.slice(1).map((character, index) => (characters[index] ?? "") + character);
}
