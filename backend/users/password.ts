import { argon2, createHash, randomBytes, timingSafeEqual } from "node:crypto";
import { createRequire } from "node:module";
import { promisify } from "node:util";
import { accepted, type Checked, refused } from "../text/checked.ts";

/**
 * Bounds in Unicode characters (code points) after normalisation: NIST SP 800-63B 3.1.1.2, OWASP ASVS 5.0 6.2.1 and
 * 6.2.9.
 */
export const MIN_PASSWORD_LENGTH = 8;
export const MAX_PASSWORD_LENGTH = 128;

/** Cost of a hash. */
export interface HashCost {
  /** KiB. */
  readonly memory: number;
  readonly passes: number;
  readonly parallelism: number;
}

/** OWASP Password Storage Cheat Sheet: argon2id with 19 MiB, two passes, one lane. */
export const HASH_COST: HashCost = { memory: 19_456, passes: 2, parallelism: 1 };

const SALT_BYTES = 16;
const TAG_BYTES = 32;
/** PHC string of argon2id version 19 (github.com/P-H-C/phc-string-format). */
const PHC = /^\$argon2id\$v=19\$m=(\d{1,7}),t=(\d{1,3}),p=(\d{1,3})\$([A-Za-z0-9+/]{11,86})\$([A-Za-z0-9+/]{22,86})$/;

const require = createRequire(import.meta.url);
/** The list of zxcvbn-ts: `imports` of package.json says where it is, in a package or in a file of a bundle. */
const COMMON_PASSWORDS = "#common-passwords";
const derive = promisify(argon2);

let commonPasswords: ReadonlySet<string> | undefined;
/**
 * The list of zxcvbn-ts (49,233 entries, MIT) without the entries that are too short to be chosen. Read on first use.
 */
function commonPasswordList(): ReadonlySet<string> {
  if (!commonPasswords) {
    const list: unknown = require(COMMON_PASSWORDS);
    if (!Array.isArray(list)) throw new Error("invariant: the list of common passwords is an array");
    const entries = list.filter(
      (entry): entry is string => typeof entry === "string" && entry.length >= MIN_PASSWORD_LENGTH,
    );
    commonPasswords = new Set(entries.map((entry) => entry.toLowerCase()));
  }
  return commonPasswords;
}

/**
 * The password as it is hashed: in NFC, so that it is the same when it is typed on another system (RFC 8265 4.1
 * OpaqueString). Nothing else is changed or cut off. Undefined when it is not well-formed Unicode.
 */
export function passwordForm(password: string): string | undefined {
  return password.isWellFormed() ? password.normalize("NFC") : undefined;
}

/** Checks a password that a user chooses. It must not be one of the words `about`, such as the e-mail address. */
export function checkNewPassword(input: string, about: readonly string[] = []): Checked<string> {
  const password = passwordForm(input);
  if (password === undefined) return refused("PASSWORD_NOT_UNICODE");
  const length = [...password].length;
  if (length < MIN_PASSWORD_LENGTH) {
    return refused("PASSWORD_SHORT");
  }
  if (length > MAX_PASSWORD_LENGTH) {
    return refused("PASSWORD_LONG");
  }
  const folded = password.toLowerCase();
  if (commonPasswordList().has(folded) || new Set(folded).size === 1) {
    return refused("PASSWORD_COMMON");
  }
  if (about.some((word) => word.toLowerCase() === folded)) {
    return refused("PASSWORD_PERSONAL");
  }
  return accepted(password);
}

/**
 * Hashes a password that `passwordForm` has returned. Takes about 20 ms of one core, and `cost.memory`. Callers limit
 * how many run at once.
 */
export async function hashPassword(password: string, cost: HashCost = HASH_COST): Promise<string> {
  const salt = randomBytes(SALT_BYTES);
  const tag = await argon2id(password, salt, cost, TAG_BYTES);
  const parameters = `m=${cost.memory},t=${cost.passes},p=${cost.parallelism}`;
  return `$argon2id$v=19$${parameters}$${toUnpaddedBase64(salt)}$${toUnpaddedBase64(tag)}`;
}

/** Identifies a stored hash without containing it: SHA-256, base64url. */
export function hashFingerprint(phc: string): string {
  return createHash("sha256").update(phc).digest("base64url");
}

/**
 * Whether the PHC string is a hash of the password. Throws for a string that is no argon2id hash: that is a bug, or the
 * database is damaged.
 */
export async function verifyPassword(password: string, phc: string): Promise<boolean> {
  const { cost, salt, tag } = parsePhc(phc);
  return timingSafeEqual(await argon2id(password, salt, cost, tag.length), tag);
}

/** Whether the hash was made at another cost than today's. It is replaced when the user signs in with the password. */
export function needsRehash(phc: string, cost: HashCost = HASH_COST): boolean {
  const made = parsePhc(phc);
  const same =
    made.cost.memory === cost.memory &&
    made.cost.passes === cost.passes &&
    made.cost.parallelism === cost.parallelism &&
    made.tag.length === TAG_BYTES;
  return !same;
}

function parsePhc(phc: string): { cost: HashCost; salt: Buffer; tag: Buffer } {
  const [, memory, passes, parallelism, salt, tag] = PHC.exec(phc) ?? [];
  if (!salt || !tag) throw new Error("invariant: a stored password hash is an argon2id PHC string");
  return {
    cost: { memory: Number(memory), passes: Number(passes), parallelism: Number(parallelism) },
    salt: Buffer.from(salt, "base64"),
    tag: Buffer.from(tag, "base64"),
  };
}

function argon2id(password: string, nonce: Buffer, cost: HashCost, tagLength: number): Promise<Buffer> {
  const { memory, passes, parallelism } = cost;
  return derive("argon2id", { message: password, nonce, memory, passes, parallelism, tagLength });
}

function toUnpaddedBase64(bytes: Buffer): string {
  return bytes.toString("base64").replaceAll("=", "");
}
