import { expect, test } from "@jest/globals";
import type { User } from "../../../backend/users/index.ts";
import { storeForEach } from "./each-test.ts";
import type { Store } from "./open-store.ts";
import { addUsers, newSession, newUser } from "./rows.ts";

let store: Store;
storeForEach((opened) => {
  store = opened;
});

const start = 1_790_000_000_000;
const facts = { passwordHash: "$argon2id$x", createdAt: start };
const ada: User = { ...newUser("ada", { ...facts, name: "Ada" }), verifiedAt: null };
const bob: User = { ...newUser("bob", { ...facts, name: "Bob", createdAt: start + 1 }), verifiedAt: null };
const session = newSession("s1", "ada", 10);

test("users are found by id and by address, and an address belongs to one", async () => {
  expect(await store.users.create(ada)).toBe("created");
  expect(await store.users.create({ ...bob, email: ada.email })).toBe("email-taken");
  expect(await store.users.create(bob)).toBe("created");
  expect(await store.users.find("ada")).toEqual(ada);
  expect(await store.users.findByEmail("ada@example.org")).toEqual(ada);
  expect(await store.users.findByEmail("' or 1=1 --")).toBeUndefined();
  expect(await store.users.changeRole("bob", "moderator")).toBe("user");
  expect(await store.users.replacePasswordHash("ada", "another", "new")).toBe(false);
  expect(await store.users.replacePasswordHash("ada", ada.passwordHash, "new")).toBe(true);
  expect(await store.users.resetPasswordHash("bob", ada.email, "new")).toBe(false);
  expect(await store.users.setEmail(ada, "moved@example.org", 1)).toBe("changed"); // read before the password was another one
  expect(await store.users.setEmail(bob, ada.email, 1)).toBe("taken");
  expect(await store.users.list(10)).toEqual([
    { ...ada, passwordHash: "new" },
    { ...bob, role: "moderator" },
  ]);
});

test("S4: a new name that comes while its account is removed does not bring the person's name back", async () => {
  await store.users.create({ ...bob, role: "admin" });
  await store.users.create(ada);
  expect(await store.users.setName("ada", "Ada Lovelace")).toBe("set");
  expect(await store.users.setName("ada", "Bob")).toBe("taken");
  const removed = { email: "x@removed.invalid", name: "Somebody who left", passwordHash: "x" };
  expect(await store.users.anonymize("ada", ada.passwordHash, removed, 5)).toBe("anonymized");
  expect(await store.users.setName("ada", "Ada Lovelace")).toBe("disabled");
  expect((await store.users.find("ada"))?.name).toBe("Somebody who left");
  expect(await store.users.setName("bob", "Ada Lovelace")).toBe("set");
});

test("N2: an account that is disabled or removed is among those whose rights have changed", async () => {
  await addUsers(store, "eve", "fay");
  await store.users.disable("eve", 1_000);
  await store.users.anonymize("fay", "x", { email: "a@removed.invalid", name: "Removed", passwordHash: "y" }, 2_000);
  const changed = await store.users.roleChangedSince(1_000);
  expect(changed.toSorted((one, other) => one.at - other.at)).toEqual([
    { id: "eve", at: 1_000 },
    { id: "fay", at: 2_000 },
  ]);
});

test("of two requests with one refresh token, one rotates", async () => {
  await store.users.create(ada);
  await store.sessions.create(session);
  const to = { refreshHash: "h2", accessHash: "a2" };
  const both = await Promise.all([
    store.sessions.rotate("s1", "h1", to, { at: 20, address: "192.0.2.1", agent: null }),
    store.sessions.rotate("s1", "h1", to, { at: 20, address: "192.0.2.1", agent: null }),
  ]);
  expect(both.sort()).toEqual([false, true]);
  expect(await store.sessions.find("s1")).toEqual({
    session: { ...session, ...to, previousHash: "h1", rotatedAt: 20, usedAt: 20, address: "192.0.2.1" },
    role: "user",
    disabledAt: null,
  });
});

test("an ended session stays ended", async () => {
  await store.users.create(ada);
  await store.sessions.create(session);
  const to = { refreshHash: "h2", accessHash: "a2" };
  expect(await store.sessions.end("s1", "logout", 30)).toBe(true);
  expect(await store.sessions.end("s1", "reuse", 40)).toBe(false);
  expect(await store.sessions.rotate("s1", "h1", to, { at: 50, address: null, agent: null })).toBe(false);
  expect((await store.sessions.find("s1"))?.session.endedAt).toBe(30);
  expect(await store.sessions.find("s2")).toBeUndefined();
});

test("a session needs a user that exists", async () => {
  await expect(store.sessions.create(session)).rejects.toThrow(/foreign key/i);
});

test("several replacements of a key at once all succeed, and one key remains", async () => {
  const materials = ["a", "b", "c", "d"];
  await Promise.all(materials.map((material) => store.keys.replace("setup", material, 1)));
  const keys = await store.keys.list("setup");
  expect(keys).toHaveLength(1);
  expect(materials).toContain(keys[0]?.material);
});

test("a link is issued once of two at once, taken once and in its time, and counts for one address", async () => {
  await store.users.create(ada);
  const link = { userId: "ada", purpose: "reset", email: ada.email, expiresAt: 100 } as const;
  const both = await Promise.all(["h1", "h2"].map((hash) => store.mailTokens.issue({ ...link, hash }, 10)));
  expect(both.filter(({ issued }) => issued)).toHaveLength(1);
  const hash = both[0]?.issued ? "h1" : "h2";
  expect(await store.mailTokens.useUp(hash, 100)).toBe(false);
  expect(await store.mailTokens.useUp(hash, 99)).toBe(true);
  expect(await store.mailTokens.useUp(hash, 99)).toBe(false);
  expect(await store.users.setVerified("ada", bob.email, 11)).toBe(false);
  expect(await store.users.setVerified("ada", ada.email, 11)).toBe(true);
});
