import { maskMembers } from "./mask-members.ts";
import type { SecretNames } from "./secret-names.ts";

/** What is kept in the place of a secret. */
export const MASK = "[secret]";

/** A JSON Web Token, wherever it stands. */
const JWT = /eyJ[\w-]{5,}\.[\w-]{5,}\.[\w-]*/g;
/** Long enough for a token that opens something, and no name of a thing, which is a UUID. */
const RANDOM = /^[\w.~-]{32,}$/;
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
/** `name: value` and `name=value`, also where the quotes do not match: a body need not be valid. */
const LOOSE_PAIR = /\b([\w-]{1,64})(["']?\s{0,4}[:=]\s{0,4}["']?)([^"'&,;\s}\]]+)/g;

/** Secrets of one exchange that are remembered, to remove them from texts about it. */
const MAX_REMEMBERED = 64;
/** Characters of a secret that may be removed from other texts: shorter ones are parts of words. */
const MIN_REMEMBERED_CHARACTERS = 6;

/**
 * Masks the secrets of one exchange before any of it is kept. Names stay, values of secrets do not. What looks like a
 * secret is masked too.
 */
export class Masker {
  readonly #names: SecretNames;
  readonly #found = new Set<string>();

  constructor(names: SecretNames) {
    this.#names = names;
  }

  /** A path or URL: masks values of its query and fragment, and tokens elsewhere in it. */
  url(text: string): string {
    const at = text.search(/[?#]/);
    if (at < 0) return this.#tokens(text);
    const fields = text.slice(at + 1).split("#");
    return `${this.#tokens(text.slice(0, at))}${text[at]}${fields.map((one) => this.query(one)).join("#")}`;
  }

  /** The values of a query or form. */
  query(text: string): string {
    return text
      .split("&")
      .map((pair) => {
        const at = pair.indexOf("=");
        if (at < 0) return this.#random(pair);
        return `${pair.slice(0, at)}=${this.#fieldValue(decoded(pair.slice(0, at)), pair.slice(at + 1))}`;
      })
      .join("&");
  }

  /** The value of a header line. */
  header(name: string, value: string): string {
    switch (this.#names.kindOf(name)) {
      case "other":
        return this.#tokens(value);
      case "cookie":
        return value
          .split(";")
          .map((pair) => this.#cookie(pair))
          .join(";");
      case "set-cookie": {
        const end = value.indexOf(";");
        return end < 0 ? this.#cookie(value) : `${this.#cookie(value.slice(0, end))}${value.slice(end)}`;
      }
      case "credentials": {
        const at = value.indexOf(" "); // the scheme stays, such as Bearer
        return at < 0 ? this.#mask(value) : `${value.slice(0, at)} ${this.#mask(value.slice(at + 1))}`;
      }
      case "subprotocols":
        return value
          .split(/(,\s*)/)
          .map((part) => this.#random(part))
          .join("");
      case "url":
        return this.url(value);
      case "secret":
        return this.#mask(value);
    }
  }

  /** A body that is text. `contentType` is in lower case. */
  body(text: string, contentType: string): string {
    if (contentType.startsWith("application/x-www-form-urlencoded")) return this.query(text);
    if (contentType.startsWith("multipart/form-data")) return this.#multipart(text);
    const masked = maskMembers(
      text,
      (name) => this.#names.has(name),
      (value) => this.#mask(value),
    );
    return this.#tokens(
      masked.replace(LOOSE_PAIR, (pair: string, name: string, between: string, value: string) =>
        MASK.startsWith(value) || !this.#names.has(name) ? pair : `${name}${between}${this.#mask(value)}`,
      ),
    );
  }

  /** A text about the exchange, without the secrets that were found in it. */
  about(text: string): string {
    let masked = text;
    for (const secret of this.#found) if (masked.includes(secret)) masked = masked.replaceAll(secret, MASK);
    return this.#tokens(masked);
  }

  #mask(secret: string): string {
    if (secret.length >= MIN_REMEMBERED_CHARACTERS && this.#found.size < MAX_REMEMBERED) {
      this.#found.add(secret).add(decoded(secret));
    }
    return secret === "" ? "" : MASK;
  }

  #tokens(text: string): string {
    return text.includes("eyJ") ? text.replace(JWT, (token) => this.#mask(token)) : text;
  }

  #random(value: string): string {
    return RANDOM.test(value) && !UUID.test(value) ? this.#mask(value) : this.#tokens(value);
  }

  #cookie(pair: string): string {
    const at = pair.indexOf("=");
    return at < 0 ? this.#mask(pair) : `${pair.slice(0, at)}=${this.#mask(pair.slice(at + 1))}`;
  }

  #fieldValue(name: string, value: string): string {
    if (this.#names.hasField(name)) return this.#mask(value);
    const read = decoded(value);
    if (!/[?&#]/.test(read)) return this.#random(value);
    // a URL in a parameter, such as where to go after a login
    const masked = this.url(read);
    return masked === read ? value : encodeURIComponent(masked);
  }

  #multipart(text: string): string {
    return text
      .split("\r\n--")
      .map((part) => {
        const end = part.indexOf("\r\n\r\n");
        const name = /\bname="?([^";\r\n]*)/i.exec(part.slice(0, Math.max(0, end)))?.[1];
        if (name === undefined) return this.#tokens(part);
        const value = part.slice(end + 4);
        return `${part.slice(0, end + 4)}${this.#names.hasField(name) ? this.#mask(value) : this.#tokens(value)}`;
      })
      .join("\r\n--");
  }
}

/** A value of a query as it is read; as it is where it cannot be. */
function decoded(value: string): string {
  if (!value.includes("%") && !value.includes("+")) return value;
  try {
    return decodeURIComponent(value.replaceAll("+", " "));
  } catch {
    return value;
  }
}
