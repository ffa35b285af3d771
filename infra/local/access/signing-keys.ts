import { createHash, createPublicKey, generateKeyPairSync, type KeyObject } from "node:crypto";
import jwt from "jsonwebtoken";

/** A public key as `/cdn-cgi/access/certs` lists it (RFC 7517). */
export interface PublicKey {
  /** SHA-256 of the public key, 64 hex digits. */
  readonly kid: string;
  readonly kty: "RSA";
  readonly alg: "RS256";
  readonly use: "sig";
  readonly e: string;
  readonly n: string;
}

interface KeyPair {
  readonly shown: PublicKey;
  readonly secret: KeyObject;
  readonly open: KeyObject;
}

/** Characters of a token that is looked at. */
const MAX_TOKEN_LENGTH = 4096;

/**
 * The key pair that signs assertions, and the one before it: Cloudflare lists both for seven days after a rotation
 * (https://developers.cloudflare.com/cloudflare-one/access-controls/applications/http-apps/authorization-cookie/validating-json/).
 * They are made when they are first needed, and end with the process.
 */
export class SigningKeys {
  #pairs: readonly KeyPair[] = [];

  /** The newest first. */
  get shown(): readonly PublicKey[] {
    return this.#all().map(({ shown }) => shown);
  }

  /** Signs with a new key from now on. The one before is kept, and what was signed with an older one is void. */
  rotate(): void {
    const [current] = this.#all();
    this.#pairs = [newPair(), ...(current ? [current] : [])];
  }

  sign(claims: Readonly<Record<string, unknown>>): string {
    const [current] = this.#all();
    if (!current) throw new Error("invariant: there is a key");
    return jwt.sign({ ...claims }, current.secret, { algorithm: "RS256", keyid: current.shown.kid });
  }

  /** The claims of a token that one of the keys has signed and that is valid now; undefined for any other. */
  verify(
    token: string,
    { issuer, now }: { readonly issuer: string /** Milliseconds since 1970. */; readonly now: number },
  ): Readonly<Record<string, unknown>> | undefined {
    if (token.length > MAX_TOKEN_LENGTH) return undefined;
    const clockTimestamp = Math.floor(now / 1000);
    for (const { open } of this.#pairs) {
      try {
        const claims = jwt.verify(token, open, { algorithms: ["RS256"], issuer, clockTimestamp });
        return typeof claims === "object" ? claims : undefined;
      } catch {
        // not signed by this key, or not valid now
      }
    }
    return undefined;
  }

  #all(): readonly KeyPair[] {
    if (this.#pairs.length === 0) this.#pairs = [newPair()];
    return this.#pairs;
  }
}

function newPair(): KeyPair {
  const { privateKey, publicKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  const { e = "", n = "" } = publicKey.export({ format: "jwk" });
  const kid = createHash("sha256")
    .update(publicKey.export({ format: "der", type: "spki" }))
    .digest("hex");
  return {
    shown: { kid, kty: "RSA", alg: "RS256", use: "sig", e, n },
    secret: privateKey,
    open: createPublicKey(privateKey),
  };
}
