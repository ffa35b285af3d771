import {
  ACCESS_TOKEN_SECONDS,
  generateSigningKey,
  type PublicJwk,
  publicJwk,
  type SigningKey,
  signingKey,
  type TokenKeys,
} from "./access-token.ts";
import type { AuthStore } from "./store.ts";

/** Milliseconds after which the keys are read again: a node has a new key that much later at most. */
const KEY_RELOAD_MS = 10_000;
/** Milliseconds after which a new key signs: by then every node has it. */
export const KEY_DELAY_MS = 2 * KEY_RELOAD_MS;
/** Milliseconds that a retired key is trusted: until the last token it signed has expired, and a minute for clocks. */
export const KEY_OVERLAP_MS = ACCESS_TOKEN_SECONDS * 1000 + KEY_DELAY_MS + 60_000;

/** The keys of access tokens, read from the store. */
export interface KeyRing {
  signing(): Promise<SigningKey>;
  /** By `kid`: the key in use, the next one, and retired ones while a token that they have signed may be valid. */
  verifying(): Promise<TokenKeys>;
  jwks(): Promise<readonly PublicJwk[]>;
}

interface RingKey extends SigningKey {
  readonly createdAt: number;
  readonly retiredAt: number | null;
}

/** Reads the keys, making the first, and again from time to time: `npm run keys -- rotate` needs no restart. */
export async function createKeyRing(store: Pick<AuthStore, "keys">, clock: () => number): Promise<KeyRing> {
  let loaded: { readonly at: number; readonly keys: readonly RingKey[] } | undefined;
  /** All who need the keys meanwhile wait for this: any client can send a token, and must not make the store work. */
  let loading: Promise<void> | undefined;

  const load = async (now: number): Promise<void> => {
    const stored = await store.keys.ensure("access", generateSigningKey, now);
    loaded = { at: now, keys: stored.map(({ material, ...facts }) => ({ ...facts, ...signingKey(material) })) };
  };
  const trustedKeys = async (): Promise<readonly RingKey[]> => {
    const now = clock();
    if (!loaded || Math.abs(now - loaded.at) >= KEY_RELOAD_MS) {
      loading ??= load(now).finally(() => {
        loading = undefined;
      });
      await loading;
    }
    const all = loaded?.keys ?? [];
    return all.filter(({ retiredAt }) => retiredAt === null || now - retiredAt < KEY_OVERLAP_MS);
  };
  await trustedKeys();

  return {
    async signing() {
      const all = await trustedKeys();
      const key = all.find(({ createdAt }) => clock() - createdAt >= KEY_DELAY_MS) ?? all.at(-1);
      if (!key) throw new Error("invariant: a key that was made is there");
      return key;
    },
    verifying: async () => new Map((await trustedKeys()).map((key) => [key.kid, key])),
    jwks: async () => (await trustedKeys()).map(({ publicKey }) => publicJwk(publicKey)),
  };
}
