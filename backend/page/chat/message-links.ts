/**
 * Finds the links in a message. Only text that cannot mislead the reader becomes a link: `http` and `https`, without
 * credentials, and with the host as the browser resolves it. Everything else stays text.
 */

/** A part of a message: text as it was written, with a target where it is a link. */
export interface MessagePart {
  /** The part as it was written: all parts together are the message. */
  readonly text: string;
  readonly link?: MessageLink;
}

interface MessageLink {
  /** Absolute URL, as the browser spells it. */
  readonly href: string;
  /** What is shown: the text as it was written, with the host in ASCII (`xn--` for others; UTS 46). */
  readonly label: string;
}

/** Maximum length of a link, in UTF-16 code units. A longer one stays text. */
const MAX_LINK_LENGTH = 2048;
/** Maximum number of links of a message. */
const MAX_LINKS = 100;

/**
 * A link begins where a word can begin, and ends at white space, quotation marks, angle brackets, backslashes (which
 * browsers read as slashes), punctuation of East Asian scripts, and characters that are not visible or change the
 * direction of writing.
 */
const CANDIDATE =
  /(?<![\p{L}\p{M}\p{N}_])https?:\/\/[\p{L}\p{N}[][^\s\p{C}\p{Z}\p{Pi}\p{Pf}"<>\\`\u3000-\u303f\uff00-\uff20\uff3b-\uff40\uff5b-\uff65]*/giu;

/** Punctuation that ends a sentence rather than a link. */
const TRAILING = /[.,:;!?'*_~|…]/;
const CLOSING: Readonly<Record<string, string>> = { ")": "(", "]": "[", "}": "{" };

/** Splits a message into text and links. The time is proportional to the length of the message. */
export function findLinks(message: string): readonly MessagePart[] {
  const parts: MessagePart[] = [];
  let end = 0;
  let links = 0;
  for (const { 0: candidate, index } of message.matchAll(CANDIDATE)) {
    if (links === MAX_LINKS) break;
    const text = withoutTrailing(candidate);
    const link = text.length > MAX_LINK_LENGTH ? undefined : linkOf(text);
    if (!link) continue;
    if (index > end) parts.push({ text: message.slice(end, index) });
    parts.push({ text, link });
    end = index + text.length;
    links += 1;
  }
  if (end < message.length) parts.push({ text: message.slice(end) });
  return parts;
}

/** Removes punctuation at the end, and closing brackets that the candidate does not open. */
function withoutTrailing(candidate: string): string {
  const counts: Record<string, number> = {};
  for (const character of candidate) if (/[()[\]{}]/.test(character)) counts[character] = (counts[character] ?? 0) + 1;
  let end = candidate.length;
  for (; end > 0; end -= 1) {
    const last = candidate[end - 1] ?? "";
    const opening = CLOSING[last];
    if (opening !== undefined) {
      if ((counts[opening] ?? 0) >= (counts[last] ?? 0)) break;
      counts[last] = (counts[last] ?? 0) - 1;
    } else if (!TRAILING.test(last)) break;
  }
  return candidate.slice(0, end);
}

/** The link that a text is; undefined when it is no URL, or has credentials, which make one host look like another. */
function linkOf(text: string): MessageLink | undefined {
  const start = text.indexOf("://") + "://".length;
  const length = text.slice(start).search(/[/?#]/);
  const end = length < 0 ? text.length : start + length;
  if (text.slice(start, end).includes("@")) return undefined;
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (!url || (url.protocol !== "http:" && url.protocol !== "https:")) return undefined;
  if (url.username !== "" || url.password !== "" || url.host === "") return undefined;
  return { href: url.href, label: `${url.protocol}//${url.host}${text.slice(end)}` };
}
