/** A name as it is compared: in lower case, without `-` and `_`. */
const plain = (name: string): string => name.toLowerCase().replace(/[-_]/g, "");

/** Names whose values are taken for secrets in headers, queries and bodies, whatever the surface says. */
const SECRET_NAME = /token|secret|passw|passphrase|authorization|cookie|assertion|apikey|signature|credential|jwt/;
/** Names that are secrets in a query or a form, and have another meaning in JSON. */
const SECRET_IN_QUERY: ReadonlySet<string> = new Set(["code", "key", "auth", "otp", "pwd", "sid", "sessionid", "sig"]);
/** Headers whose value is a URL. */
const URL_HEADERS: ReadonlySet<string> = new Set(["referer", "location", "contentlocation", "refresh", "link"]);

/** How the value of a header is masked. */
export type HeaderKind = "cookie" | "set-cookie" | "credentials" | "subprotocols" | "url" | "secret" | "other";

/** Names of headers that are remembered with their kind: clients choose names. */
const MAX_REMEMBERED = 1_024;

/** Decides by its name whether a value is a secret. */
export class SecretNames {
  readonly #names: ReadonlySet<string>;
  readonly #kinds = new Map<string, HeaderKind>();

  /** `names` are those of parameters that the surface marks as secrets. */
  constructor(names: Iterable<string> = []) {
    this.#names = new Set([...names].map(plain));
  }

  /** Whether the member of a body with this name is a secret. */
  has(name: string): boolean {
    const key = plain(name);
    return this.#names.has(key) || SECRET_NAME.test(key);
  }

  /** Whether the field of a query or form with this name is a secret. */
  hasField(name: string): boolean {
    return this.has(name) || SECRET_IN_QUERY.has(plain(name));
  }

  /** How the value of this header is masked. */
  kindOf(header: string): HeaderKind {
    const known = this.#kinds.get(header);
    if (known !== undefined) return known;
    const kind = this.#kindOf(plain(header));
    if (this.#kinds.size < MAX_REMEMBERED) this.#kinds.set(header, kind);
    return kind;
  }

  #kindOf(key: string): HeaderKind {
    if (key === "cookie") return "cookie";
    if (key === "setcookie") return "set-cookie";
    if (key.endsWith("authorization")) return "credentials";
    if (key === "secwebsocketprotocol") return "subprotocols";
    if (URL_HEADERS.has(key)) return "url";
    return this.has(key) ? "secret" : "other";
  }
}
