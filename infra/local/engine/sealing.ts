import { createCipheriv, createDecipheriv, randomBytes } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";

/** Encrypts and decrypts secret values with a key in a file beside the state. */
export interface SecretCipher {
  /** Encrypts the JSON of a value with AES-256-GCM and a new nonce. */
  encrypt(value: unknown): string;
  /** @throws Error where the text was changed, or was encrypted with another key */
  decrypt(sealed: string): unknown;
}

const KEY_BYTES = 32;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;

/**
 * Uses the key in the file, which is made on first use (0600). A copy of the state file alone reveals no secret.
 */
export function createSecretCipher(keyFile: string): SecretCipher {
  let key: Buffer | undefined;
  const loadKey = (): Buffer => {
    key ??= readKey(keyFile);
    return key;
  };
  return {
    encrypt(value) {
      const nonce = randomBytes(NONCE_BYTES);
      const cipher = createCipheriv("aes-256-gcm", loadKey(), nonce);
      const text = Buffer.concat([cipher.update(JSON.stringify(value), "utf8"), cipher.final()]);
      return Buffer.concat([nonce, cipher.getAuthTag(), text]).toString("base64");
    },
    decrypt(sealed) {
      const bytes = Buffer.from(sealed, "base64");
      const decipher = createDecipheriv("aes-256-gcm", loadKey(), bytes.subarray(0, NONCE_BYTES), {
        authTagLength: TAG_BYTES,
      });
      decipher.setAuthTag(bytes.subarray(NONCE_BYTES, NONCE_BYTES + TAG_BYTES));
      const text = Buffer.concat([decipher.update(bytes.subarray(NONCE_BYTES + TAG_BYTES)), decipher.final()]);
      return JSON.parse(text.toString("utf8"));
    },
  };
}

function readKey(keyFile: string): Buffer {
  try {
    writeFileSync(keyFile, randomBytes(KEY_BYTES), { flag: "wx", mode: 0o600 });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
  }
  const key = readFileSync(keyFile);
  if (key.length !== KEY_BYTES) throw new Error(`${keyFile} is no key: it has ${key.length} bytes, not ${KEY_BYTES}`);
  return key;
}
