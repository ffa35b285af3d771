import { JOSEError } from "jose/errors";
import { createRemoteJWKSet, customFetch, type FetchImplementation } from "jose/jwks/remote";
import type { JWTVerifyGetKey } from "jose/jwt/verify";

/** How the certificates of a team are read. */
export interface CertificateOptions {
  /** Where they are; Cloudflare's path of the team when left out. */
  readonly url?: URL | undefined;
  /** Milliseconds for which an unknown key is looked for only once; 30,000 when left out. */
  readonly cooldownMs?: number;
  /** Gets a line, at most one a second, when they cannot be read. */
  readonly log?: (line: string) => void;
}

/** The certificates cannot be read, so nothing can be checked. */
export class CertificatesError extends Error {}

/** Milliseconds that the request for the certificates may take, its body included. */
const TIMEOUT_MS = 5_000;
const COOLDOWN_MS = 30_000;
/**
 * Milliseconds for which certificates are used before they are read again. A key that Cloudflare takes back is accepted
 * no longer. Cloudflare changes keys every six weeks, and an old one stays valid for seven days
 * (cloudflare-one/access-controls/applications/http-apps/authorization-cookie/validating-json).
 */
const MAX_AGE_MS = 60 * 60 * 1000;
/** Milliseconds after a failure in which the certificates are not asked for again. */
const PAUSE_MS = 1_000;
/** Cloudflare's are about 6 KB: two keys, each of them as JWK and as PEM. */
const MAX_BYTES = 64 * 1024;

/** A label of a hostname: the part of `TEAM.cloudflareaccess.com` that is the team's. */
export const isTeamName = (text: string): boolean => /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/.test(text);

/** Where Cloudflare serves the certificates of a team. */
export const certificatesUrl = (team: string): URL => new URL(`${issuerOf(team)}/cdn-cgi/access/certs`);

const issuerOf = (team: string): string => `https://${team}.cloudflareaccess.com`;

/**
 * The certificates of a team. They are read when the first assertion arrives, then every hour, and when an assertion
 * names an unknown key: Cloudflare has changed them, or a client makes keys up, which costs one request in 30 seconds.
 */
export class TeamCertificates {
  /** The `iss` of the team's assertions. */
  readonly issuer: string;
  /** The key of an assertion. Rejects with a CertificatesError, and with an error of `jose` for an unknown key. */
  readonly keyOf: JWTVerifyGetKey;
  readonly #log: (line: string) => void;
  #failedAt = Number.NEGATIVE_INFINITY;

  constructor(team: string, { url = certificatesUrl(team), cooldownMs = COOLDOWN_MS, log }: CertificateOptions = {}) {
    this.issuer = issuerOf(team);
    this.#log = log ?? (() => {});
    const find = createRemoteJWKSet(url, {
      timeoutDuration: TIMEOUT_MS,
      cooldownDuration: cooldownMs,
      cacheMaxAge: MAX_AGE_MS,
      [customFetch]: (...request) => this.#fetch(...request),
    });
    this.keyOf = async (header, token) => {
      try {
        return await find(header, token);
      } catch (error) {
        if (error instanceof JOSEError && KEY_ERRORS.has(error.code)) throw error;
        throw this.#unreadable(url, error);
      }
    };
  }

  /** Reads at most `MAX_BYTES`, and fails at once for a second after a failure. */
  async #fetch(...[url, options]: Parameters<FetchImplementation>): ReturnType<FetchImplementation> {
    if (performance.now() - this.#failedAt < PAUSE_MS) throw new PauseError();
    const { status, body } = await fetch(url, options);
    const chunks: Uint8Array[] = [];
    let bytes = 0;
    for await (const chunk of body ?? []) {
      bytes += chunk.byteLength;
      if (bytes > MAX_BYTES) throw new Error(`the response is longer than ${MAX_BYTES} bytes`);
      chunks.push(chunk);
    }
    return new Response(Buffer.concat(chunks), { status });
  }

  /** Writes one line for each request that failed: those that waited for the same one have the same error. */
  #unreadable(url: URL, error: unknown): CertificatesError {
    if (!(error instanceof PauseError) && performance.now() - this.#failedAt >= PAUSE_MS) {
      this.#failedAt = performance.now();
      this.#log(`The certificates of Cloudflare Access at ${url.href} cannot be read: ${reasonOf(error)}`);
    }
    return new CertificatesError("the certificates cannot be read");
  }
}

class PauseError extends Error {}

/** The certificates were read, and have no key, or more than one, for an assertion. */
const KEY_ERRORS: ReadonlySet<string> = new Set(["ERR_JWKS_NO_MATCHING_KEY", "ERR_JWKS_MULTIPLE_MATCHING_KEYS"]);

/** `fetch` says "fetch failed", and why in the cause. */
function reasonOf(error: unknown): string {
  const { message, cause }: { message?: unknown; cause?: { message?: unknown } } = Object(error);
  return cause?.message === undefined ? String(message) : `${message}: ${cause.message}`;
}
