import { domainToASCII } from "node:url";
import { accepted, type Checked, refused } from "./checked.ts";

/** Longest address in characters (RFC 5321 4.5.3.1.3: a path of 256 with its angle brackets). */
const MAX_EMAIL_LENGTH = 254;
const MAX_LOCAL_LENGTH = 64;

/**
 * The dot-atom of RFC 5322 3.2.3. Quoted local parts and address literals are legal, but no user has one, and attackers
 * use them to get past checks: they are refused.
 */
const LOCAL = /^[a-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[a-z0-9!#$%&'*+/=?^_`{|}~-]+)*$/;
/** Labels of RFC 1123 2.1, at least two of them, and no all-numeric last one, which would be an IPv4 address. */
const DOMAIN = /^(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+(?!\d+$)[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/;
/**
 * ASCII characters that no domain has. They are refused first, because `domainToASCII` reads the host of a URL: it
 * decodes `%61`, drops tabs and line feeds, and ends at `/`, `?`, `#` and `\`, so that it would accept
 * `ada@example.org/x` as `ada@example.org`.
 */
const NOT_IN_DOMAIN = /[\p{ASCII}--[a-zA-Z0-9.\-]]/v;

/**
 * Checks an e-mail address, and returns its one spelling: lower case, the domain in ASCII (RFC 5891). It is normalized
 * before it is checked, so that no other spelling can become another user's address afterwards. Local parts outside
 * ASCII are refused.
 */
export function checkEmailAddress(input: string): Checked<string> {
  const malformed = refused("EMAIL_MALFORMED");
  if (!input.isWellFormed() || input.length > MAX_EMAIL_LENGTH) return malformed;
  const text = input.normalize("NFC").trim();
  const at = text.lastIndexOf("@");
  if (at < 1) return malformed;
  const local = text.slice(0, at).toLowerCase();
  const written = text.slice(at + 1);
  if (NOT_IN_DOMAIN.test(written)) return malformed;
  const domain = domainToASCII(written);
  if (local.length > MAX_LOCAL_LENGTH || !LOCAL.test(local) || !DOMAIN.test(domain)) return malformed;
  const address = `${local}@${domain}`;
  return address.length > MAX_EMAIL_LENGTH ? malformed : accepted(address);
}

/**
 * Domains without public mail addresses: the special-use names that IANA keeps by RFC 6761 (RFC 2606, RFC
 * 6762, RFC 7686, RFC 9476; `arpa` has no mail either). Missing on purpose: `internal`, where a private network may
 * have mail, and `example.com`, `.net` and `.org`, which RFC 6761 6.5 asks software to treat like any other name and
 * with which people try the kit.
 */
const RESERVED = ["alt", "arpa", "example", "invalid", "local", "localhost", "onion", "test"];

/**
 * Checks the address of a new account, or a new address of an account: like `checkEmailAddress`, but no reserved
 * domain.
 */
export function checkNewEmailAddress(input: string): Checked<string> {
  const address = checkEmailAddress(input);
  const topLevel = address.ok ? address.value.slice(address.value.lastIndexOf(".") + 1) : "";
  return RESERVED.includes(topLevel) ? refused("EMAIL_RESERVED") : address;
}
