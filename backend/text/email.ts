import { domainToASCII } from "node:url";
import { accepted, type Checked, refused } from "./checked.ts";

/** Longest address in characters (RFC 5321 4.5.3.1.3: a path of 256 with its angle brackets). */
const EMAIL_MAX = 254;
const LOCAL_MAX = 64;

/**
 * Dot-atom of RFC 5322 3.2.3. Quoted local parts and address literals are legal, unused, and a way to smuggle;
 * refused.
 */
const LOCAL = /^[a-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[a-z0-9!#$%&'*+/=?^_`{|}~-]+)*$/;
/** Labels of RFC 1123 2.1, at least two of them, and no all-numeric last one, which would be an IPv4 address. */
const DOMAIN = /^(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+(?!\d+$)[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/;
/**
 * ASCII that no domain has. `domainToASCII` reads a URL's host: it decodes `%61`, drops tabs and line feeds, and ends
 * at `/`, `?`, `#` and `\`, so that `ada@example.org/x` would be accepted as `ada@example.org`.
 */
const NOT_IN_DOMAIN = /[\p{ASCII}--[a-zA-Z0-9.\-]]/v;

/**
 * The one spelling of an e-mail address under which a user is known: lower case, the domain in its ASCII form (RFC
 * 5891). Normalised before it is checked, so that no look-alike becomes another user's address afterwards. Local
 * parts outside ASCII are refused.
 */
export function emailAddress(input: string): Checked<string> {
  const malformed = refused("EMAIL_MALFORMED");
  if (!input.isWellFormed() || input.length > EMAIL_MAX) return malformed;
  const text = input.normalize("NFC").trim();
  const at = text.lastIndexOf("@");
  if (at < 1) return malformed;
  const local = text.slice(0, at).toLowerCase();
  const written = text.slice(at + 1);
  if (NOT_IN_DOMAIN.test(written)) return malformed;
  const domain = domainToASCII(written);
  if (local.length > LOCAL_MAX || !LOCAL.test(local) || !DOMAIN.test(domain)) return malformed;
  const address = `${local}@${domain}`;
  return address.length > EMAIL_MAX ? malformed : accepted(address);
}

/**
 * Domains without public mail addresses: the special-use names that IANA keeps by RFC 6761 (RFC 2606, RFC
 * 6762, RFC 7686, RFC 9476; `arpa` has no mail either). Missing on purpose: `internal`, where a private network may
 * have mail, and `example.com`, `.net` and `.org`, which RFC 6761 6.5 asks software to treat like any other name and
 * with which people try the kit.
 */
const RESERVED = ["alt", "arpa", "example", "invalid", "local", "localhost", "onion", "test"];

/** An address for a new account or to change to: like `emailAddress`, but in no reserved domain. */
export function newEmailAddress(input: string): Checked<string> {
  const address = emailAddress(input);
  const topLevel = address.ok ? address.value.slice(address.value.lastIndexOf(".") + 1) : "";
  return RESERVED.includes(topLevel) ? refused("EMAIL_RESERVED") : address;
}
