import { isIP } from "node:net";
import { MASK } from "./masker.ts";

/** In the place of what must not get into a file that is committed. Addresses are of RFC 5737 and RFC 3849. */
const STAND_INS = { secret: "secret", ipv4: "192.0.2.1", ipv6: "2001:db8::1", mail: "someone@example.org" };
const ZERO_UUID = "00000000-0000-4000-8000-000000000000";

const UUID = /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/gi;
const MAIL = /[^\s@/?&=;,<>"'()]{1,64}@[^\s@/?&=;,<>"'()]{1,200}\.[a-z]{2,24}/gi;
/** Not the number of a version behind a name, as in `Chrome/131.0.0.0`. */
const IPV4 = /(?<![\w.]|[A-Za-z]\/)(?:\d{1,3}\.){3}\d{1,3}(?![\w.])/g;
const IPV6 = /(?<![\w:.])(?=[0-9a-f:.]*:[0-9a-f:.]*:)[0-9a-f:.]{3,45}(?![\w:.])/gi;
/** Addresses of no client: this machine, and those for documentation and measurements. */
const RESERVED = /^(?:127\.|192\.0\.2\.|198\.51\.100\.|203\.0\.113\.|198\.1[89]\.|::1$|2001:db8:)/i;
const WORD = /[\w+~-]{16,}/g;

/**
 * A text of a client without what tells of a person or opens something: masked secrets, tokens, mail addresses,
 * addresses of clients, ids. Something of the same kind is in its place. The rest stays as it is.
 */
export function withoutSecrets(text: string): string {
  return text
    .replaceAll(MASK, STAND_INS.secret)
    .replaceAll(encodeURIComponent(MASK), STAND_INS.secret)
    .replace(UUID, ZERO_UUID)
    .replace(MAIL, STAND_INS.mail)
    .replace(IPV4, (address) => (isIP(address) === 0 || RESERVED.test(address) ? address : STAND_INS.ipv4))
    .replace(IPV6, (address) => (isIP(address) !== 6 || RESERVED.test(address) ? address : STAND_INS.ipv6))
    .replace(WORD, (word) => (isRandom(word) ? STAND_INS.secret : word));
}

/** The same for a path with a query, also where a part of it is percent-encoded. */
export function targetWithoutSecrets(target: string): string {
  return target
    .split(/([/?&=;])/)
    .map((part) => {
      const read = decoded(part);
      const cleaned = withoutSecrets(read);
      return read !== part && cleaned !== read ? encodeURIComponent(cleaned) : withoutSecrets(part);
    })
    .join("");
}

/** Whether a word looks like made by chance: many digits among its letters, in either case. */
function isRandom(word: string): boolean {
  if (word === ZERO_UUID) return false;
  const pieces = word.split(/[-_]/);
  const digits = word.replace(/\D/g, "").length;
  const isMixed = /[a-z]/.test(word) && /[A-Z]/.test(word);
  if (word.length >= 20 && digits >= 2 && isMixed) return true;
  return pieces.some((piece) => piece.length >= 16 && /\d/.test(piece));
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
