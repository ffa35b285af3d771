import { createHash, createHmac, timingSafeEqual } from "node:crypto";
import type { IncomingHttpHeaders } from "node:http";
import { refuse } from "../../contract/index.ts";
import type { WebhookBody } from "../../surface/stream-grammar.ts";
import type { Throttles } from "../../throttle/throttle.ts";

/** Maximum seconds between the time in a signature and this node's time. */
const TOLERANCE_SECONDS = 300;
/** Maximum signatures of one request. A sender that changes its secret signs with the old one and the new one. */
const MAX_SIGNATURES = 8;
const DIGEST_BYTES = 32;

interface SignedContent {
  /** The signed text before the body. */
  readonly prefix: string;
  /** The time of the signature, in seconds since 1970. */
  readonly at: number;
  readonly signatures: readonly Buffer[];
  keyOf(secret: string): Buffer;
}

/**
 * Checks the signature of a webhook against the secrets. Returns a hash of what was signed, by which a repeated request
 * is noticed, also when it carries another valid signature.
 *
 * @param now milliseconds since 1970
 * @throws SIGNATURE where it is missing, made with another secret or for another body, or older than the tolerance
 */
export function checkSignature(
  webhook: WebhookBody,
  headers: IncomingHttpHeaders,
  body: Buffer,
  secrets: readonly string[],
  now: number,
): string {
  const signed =
    webhook.scheme === "standard" ? readStandardHeaders(headers) : readTimestampedHeader(headers[webhook.header ?? ""]);
  if (!signed || Math.abs(now / 1000 - signed.at) > TOLERANCE_SECONDS) throw refuse("SIGNATURE");
  let isValid = false;
  // every secret is compared with every signature, so that the response time does not reveal which one was valid
  for (const secret of secrets) {
    const expected = createHmac("sha256", signed.keyOf(secret)).update(signed.prefix).update(body).digest();
    for (const signature of signed.signatures) {
      if (timingSafeEqual(signature, expected)) isValid = true;
    }
  }
  if (!isValid) throw refuse("SIGNATURE");
  return createHash("sha256").update(signed.prefix).update(body).digest("base64url");
}

const SECONDS = /^\d{1,12}$/;

/** https://www.standardwebhooks.com: the id, the time and the body are signed; the secret is `whsec_` and base64. */
function readStandardHeaders(headers: IncomingHttpHeaders): SignedContent | undefined {
  const { "webhook-id": id, "webhook-timestamp": time, "webhook-signature": given } = headers;
  if (typeof id !== "string" || typeof time !== "string" || typeof given !== "string") return undefined;
  if (!/^[\w-]{1,128}$/.test(id) || !SECONDS.test(time)) return undefined;
  const listed = given.split(" ").filter((one) => one.startsWith("v1,"));
  return {
    prefix: `${id}.${time}.`,
    at: Number(time),
    signatures: validDigests(listed.map((one) => Buffer.from(one.slice(3), "base64"))),
    keyOf: (secret) => Buffer.from(secret.replace(/^whsec_/, ""), "base64"),
  };
}

/** `t=SECONDS,v1=HEX`; `v1` may occur several times. */
function readTimestampedHeader(header: string | readonly string[] | undefined): SignedContent | undefined {
  if (typeof header !== "string") return undefined;
  const pairs = header.split(",").map((pair) => pair.trim().split("=", 2));
  const times = pairs.filter(([key]) => key === "t").map(([, value = ""]) => value);
  const [time, another] = times;
  if (time === undefined || another !== undefined || !SECONDS.test(time)) return undefined;
  const hex = pairs.filter(([key, value = ""]) => key === "v1" && /^[0-9a-f]{64}$/.test(value));
  return {
    prefix: `${time}.`,
    at: Number(time),
    signatures: validDigests(hex.map(([, value = ""]) => Buffer.from(value, "hex"))),
    keyOf: (secret) => Buffer.from(secret),
  };
}

function validDigests(given: readonly Buffer[]): readonly Buffer[] {
  return given.filter(({ length }) => length === DIGEST_BYTES).slice(0, MAX_SIGNATURES);
}

/** Remembers accepted webhooks on all nodes, for as long as the same request would be accepted again. */
export class SeenSignatures {
  readonly #throttles: Throttles;
  readonly #clock: () => number;

  /** `clock` in milliseconds since 1970, for all nodes alike. */
  constructor(throttles: Throttles, clock: () => number) {
    this.#throttles = throttles;
    this.#clock = clock;
  }

  /** Records a request. Throws SIGNATURE when it was accepted before. */
  async add(action: string, name: string): Promise<void> {
    const key = this.#throttles.keyOf("webhook", action, name);
    const isNew = await this.#throttles.change([key], (states) => {
      const now = this.#clock();
      const known = states.get(key);
      if (known && known.expiresAt > now) return false;
      const until = now + 2 * TOLERANCE_SECONDS * 1000;
      states.set(key, { count: 1, until, at: now, expiresAt: until });
      return true;
    });
    if (!isNew) throw refuse("SIGNATURE");
  }

  /** Forgets a request whose action failed, so that the sender may repeat it. */
  async forget(action: string, name: string): Promise<void> {
    const key = this.#throttles.keyOf("webhook", action, name);
    await this.#throttles.change([key], (states) => states.set(key, undefined));
  }
}
