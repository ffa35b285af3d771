import { afterEach, beforeEach, expect, test } from "@jest/globals";
import jwt from "jsonwebtoken";
import { ACCESS_TOKEN_SECONDS, generateSigningKey, signingKey } from "../../../backend/auth/access-token.ts";
import { type AccessTokens, accessHash, createAccessTokens } from "../../../backend/auth/access-tokens.ts";
import { KEY_DELAY_MS, KEY_OVERLAP_MS } from "../../../backend/auth/key-ring.ts";
import { openStore, type Store } from "../store/open-store.ts";
import { type TestStorage, testStorage } from "../store/test-storage.ts";

const ADA = { id: "ada", email: "ada@example.org", name: "Ada", passwordHash: "x", createdAt: 1, disabledAt: null };
let storage: TestStorage;
let store: Store;
let now: number;
/** Sessions that the store was asked for. */
let looked: string[];
let hasRead: () => Promise<void>;
beforeEach(async () => {
  storage = await testStorage();
  store = await openStore(storage.options);
  now = Date.now();
  looked = [];
  hasRead = async () => undefined;
  await store.users.create({ ...ADA, role: "admin" });
  await store.users.create({ ...ADA, id: "bob", email: "bob@example.org", name: "Bob", role: "admin" });
});
afterEach(async () => {
  await store.close();
  await storage.remove();
});

/** The tokens of a process that has just started. */
function fresh(): Promise<AccessTokens> {
  const find: Store["sessions"]["find"] = async (sid) => {
    looked.push(sid);
    const found = await store.sessions.find(sid);
    await hasRead();
    return found;
  };
  return createAccessTokens({ keys: store.keys, sessions: { find } }, () => now);
}

async function issue(sid: string): Promise<string> {
  return (await (await fresh()).issue({ id: "ada", role: "admin" }, sid)).accessToken;
}

/** Begins Ada's session `s`, whose row has the hash of a token. */
async function begin(newest: string | null): Promise<void> {
  const hashes = { refreshHash: "h", previousHash: null, accessHash: newest === null ? null : accessHash(newest) };
  const times = { rotatedAt: now, createdAt: now, usedAt: now, endedAt: null };
  await store.sessions.create({ id: "s", userId: "ada", ...hashes, ...times, address: null, agent: null });
}

const verify = async (token: string) => (await fresh()).verify(token);

/** The same claims under a signature that no key has made. */
const withoutSignature = (token: string) => `${token.slice(0, token.lastIndexOf("."))}.${"A".repeat(86)}`;

/** A token as this site signs it, with other claims. */
async function signed(token: string, change: object): Promise<string> {
  const [stored] = await store.keys.list("access");
  const { privateKey, kid } = signingKey(stored?.material ?? "");
  const header = { alg: "ES256", typ: "at+jwt", kid } as const;
  return jwt.sign({ ...(jwt.decode(token) as object), ...change }, privateKey, { algorithm: "ES256", header });
}

test("N2: a role that changes while its token is verified is read again at the next request", async () => {
  const tokens = await fresh();
  const { accessToken } = await tokens.issue({ id: "ada", role: "admin" }, "s");
  for (const newest of [null, accessToken]) {
    await store.sessions.prune(now + 1, 0);
    await begin(newest);
    await store.users.changeRole("ada", "admin", now);
    const started = await fresh();
    hasRead = async () => {
      hasRead = async () => undefined;
      expect(await store.users.changeRole("ada", "user", now)).toBe("admin");
      started.recheck("ada");
    };
    await started.verify(accessToken);
    expect((await started.verify(accessToken))?.roles).toEqual(["user"]);
  }
});

test("N7: the hash in the session's row stands for the signature, which is not verified then", async () => {
  const token = withoutSignature(await issue("s"));
  await begin(token);
  expect(await verify(token)).toMatchObject({ id: "ada", sid: "s", roles: ["user", "moderator", "admin"] });
  expect(looked).toEqual(["s"]);
});

test("N7: a token with one changed character of its signature is refused, also beside the hash of the true one", async () => {
  const token = await issue("s");
  await begin(token);
  const at = token.lastIndexOf(".") + 1;
  const tokens = await fresh();
  for (let n = at; n < token.length - 1; n += 1) {
    const changed = token.slice(0, n) + (token[n] === "A" ? "B" : "A") + token.slice(n + 1);
    expect(await tokens.verify(changed)).toBeUndefined();
  }
  expect(await tokens.verify(token)).toBeDefined();
});

test("N7: a token whose hash the row does not have is accepted by its signature", async () => {
  const [before, newest] = [await issue("s"), await issue("s")];
  await begin(newest);
  for (const token of [before, newest]) expect(await verify(token)).toMatchObject({ id: "ada", sid: "s" });
  expect(await verify(withoutSignature(before))).toBeUndefined();
});

test("N7: a token that was issued before tokens had seals is accepted by its signature alone", async () => {
  const token = await signed(await issue("s"), { jti: "7ed0ba3e-2bd9-4ff6-98c1-4b5a11b3f3d1" });
  await begin(null);
  expect(await verify(token)).toMatchObject({ id: "ada", sid: "s" });
  looked = [];
  expect(await verify(withoutSignature(token))).toBeUndefined();
  expect(looked).toEqual([]);
});

test("N7: a token that was not issued here does not reach the store", async () => {
  const token = await issue("s");
  await begin(token);
  for (const change of [{ jti: "A".repeat(32) }, { sid: "t" }, { sub: "bob" }, { exp: Math.floor(now / 1000) + 599 }])
    expect(await verify(withoutSignature(await signed(token, change)))).toBeUndefined();
  expect(looked).toEqual([]);
});

test("N7: a hash in the row does not help a token without seal, nor one of another user", async () => {
  const unsealed = withoutSignature(await signed(await issue("s"), { jti: "A".repeat(32) }));
  await begin(unsealed);
  expect(await verify(unsealed)).toBeUndefined();
  await store.sessions.prune(now + 1, 0);
  const { accessToken } = await (await fresh()).issue({ id: "bob", role: "admin" }, "s");
  await begin(accessToken);
  expect(await verify(accessToken)).toBeUndefined();
});

test("N7: with its hash in the row a token ends as without it: expired, session ended or unused, account disabled", async () => {
  const token = await issue("s");
  await begin(token);
  const start = now;
  now = start + ACCESS_TOKEN_SECONDS * 1000;
  expect(await verify(token)).toBeUndefined();
  expect(looked).toEqual([]);
  now = start;
  const tokens = await fresh();
  tokens.forget("s");
  expect(await tokens.verify(token)).toBeUndefined();
  expect(await verify(token)).toBeDefined();
  await store.users.disable("ada", now);
  expect(await verify(token)).toBeUndefined();
  await store.users.enable("ada");
  expect(await verify(token)).toBeDefined();
  await store.sessions.end("s", "logout", now);
  expect(await verify(token)).toBeUndefined();
});

test("N7: with its hash in the row a token has the roles that its user has now", async () => {
  const token = await issue("s");
  await begin(token);
  await store.users.changeRole("ada", "user", now);
  expect((await verify(token))?.roles).toEqual(["user"]);
});

test("N7: with its hash in the row a token is refused when its key is retired for long", async () => {
  now -= KEY_OVERLAP_MS + KEY_DELAY_MS;
  await issue("s");
  now += KEY_OVERLAP_MS;
  const token = await issue("s");
  await begin(token);
  await store.keys.rotate("access", generateSigningKey(), now - KEY_OVERLAP_MS + 1);
  expect(await verify(token)).toBeDefined();
  now += 1;
  expect(await verify(token)).toBeUndefined();
});

test("N7: tokens that come at the same time read the keys once, and again when that has failed", async () => {
  let reads = 0;
  let problem: Error | undefined;
  const ensure: Store["keys"]["ensure"] = async (...args) => {
    reads += 1;
    if (problem) throw problem;
    return store.keys.ensure(...args);
  };
  const tokens = await createAccessTokens({ keys: { ...store.keys, ensure }, sessions: store.sessions }, () => now);
  const token = await issue("s");
  await begin(token);
  const sent = Array.from({ length: 20 }, (_, n) => (n % 2 ? token : withoutSignature(token)));
  const verifyAll = () => Promise.all(sent.map((one) => tokens.verify(one)));
  now += 10_000;
  reads = 0;
  problem = new Error("no database");
  await expect(verifyAll()).rejects.toThrow("no database");
  problem = undefined;
  expect((await verifyAll()).map((identity) => identity?.id)).toEqual(sent.map((_, n) => (n % 2 ? "ada" : undefined)));
  expect(reads).toBe(2);
});
