import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { MAX_SESSIONS } from "../../../backend/auth/session.ts";
import { type Caller, publicError } from "../../../backend/contract/index.ts";
import { setupPath } from "../../../backend/users/setup.ts";
import { PASSWORD, type Running, startServices } from "../start-services.ts";

/*
 * Limits and rules that hold for one call hold for calls at the same moment too. test/real/postgres runs the same on
 * PostgreSQL, where transactions really overlap.
 */

let running: Running;
beforeAll(async () => {
  running = await startServices({ registration: "closed" });
});
afterAll(() => running.stop());

let serial = 0;
const person = async (): Promise<Caller> => {
  const id = `p${++serial}`;
  const facts = { email: `${id}@example.org`, name: id, passwordHash: "x", createdAt: serial, disabledAt: null };
  await running.store.users.create({ id, role: "user", ...facts });
  return { id, roles: ["user"], sid: `s-${id}` };
};
const outcome = (attempt: Promise<unknown>): Promise<string> =>
  attempt.then(
    () => "accepted",
    (error) => publicError(error).code,
  );
/** How often each outcome came about, of so many calls at once. */
async function atOnce(count: number, attempt: (n: number) => Promise<unknown>): Promise<Record<string, number>> {
  const outcomes = await Promise.all(Array.from({ length: count }, (_, n) => outcome(attempt(n))));
  const counts: Record<string, number> = {};
  for (const one of outcomes) counts[one] = (counts[one] ?? 0) + 1;
  return counts;
}

/** The hash that the administrator of the setup link has of `PASSWORD`. */
const hashOfPassword = async (): Promise<string> =>
  (await running.store.users.list(1000)).find(({ email }) => email.startsWith("first"))?.passwordHash ?? "";

/** Makes them the only administrators. */
async function makeAdmins(people: readonly Caller[]): Promise<void> {
  const { users } = running.store;
  for (const { id } of people) await users.changeRole(id, "admin");
  for (const { id, role } of await users.list(1000))
    if (role === "admin" && !people.some((one) => one.id === id)) await users.changeRole(id, "user");
}

test("S8: of eight registrations with one setup link one is made, and no account beside it", async () => {
  const { store, clock } = running;
  const setup = (await setupPath(store, clock.now))?.replace("/#setup=", "") ?? "";
  const before = (await store.users.list(1000)).length;
  const register = (n: number) =>
    running.call("users.register", { email: `first${n}@example.org`, password: PASSWORD, name: `First ${n}`, setup });
  expect(await atOnce(8, register)).toEqual({ accepted: 1, SETUP_LINK: 7 });
  const made = (await store.users.list(1000)).slice(before);
  expect(made.map(({ role }) => role)).toEqual(["admin"]);
});

test("S8: a setup link is good again when the address that was given has an account", async () => {
  const first = await startServices({ registration: "closed" });
  try {
    const facts = { name: "Taken", passwordHash: "x", createdAt: 1, disabledAt: null, role: "user" } as const;
    await first.store.users.create({ id: "taken", email: "taken@example.org", ...facts });
    const setup = (await setupPath(first.store, first.clock.now))?.replace("/#setup=", "") ?? "";
    const register = (email: string) =>
      first.call("users.register", { email, password: PASSWORD, name: `Setup ${email}`, setup });
    expect(await outcome(register("taken@example.org"))).toBe("EMAIL_TAKEN");
    expect(await outcome(register("setup@example.org"))).toBe("accepted");
  } finally {
    await first.stop();
  }
});

test("S4: administrators who remove their accounts at the same time leave one administrator", async () => {
  const { store } = running;
  const passwordHash = await hashOfPassword();
  for (let round = 0; round < 6; round += 1) {
    const admins = [await person(), await person()];
    for (const { id } of admins) await store.users.replacePasswordHash(id, "x", passwordHash);
    await makeAdmins(admins);
    const remove = (n: number) => running.call("users.remove", { password: PASSWORD }, admins[n]);
    expect(await atOnce(2, remove)).toEqual({ accepted: 1, LAST_ADMIN: 1 });
    expect(await store.users.hasAdmin()).toBe(true);
  }
});

test("S4: an administrator removes the account while the other one is disabled or loses the role", async () => {
  const { store } = running;
  const passwordHash = await hashOfPassword();
  for (let round = 0; round < 6; round += 1) {
    const [one, other] = [await person(), await person()];
    await makeAdmins([one, other]);
    await store.users.replacePasswordHash(one.id, "x", passwordHash);
    const roles = ["user", "moderator", "admin"] as const;
    const demote = () => running.call("users.setRole", { id: other.id, role: "user" }, { ...one, roles });
    const disable = () => running.call("users.disable", { id: other.id }, { ...one, roles });
    const remove = () => running.call("users.remove", { password: PASSWORD }, one);
    const counts = await atOnce(3, async (n) => [remove, demote, disable][n]?.());
    expect(counts.LAST_ADMIN).toBeGreaterThan(0);
    expect(await store.users.hasAdmin()).toBe(true);
  }
});

test("S8: a user has so many sessions, however many begin at once", async () => {
  const ada = await person();
  const { store } = running;
  await atOnce(MAX_SESSIONS + 20, () => running.call("auth.startSession", { userId: ada.id }));
  expect(await store.sessions.list(ada.id)).toHaveLength(MAX_SESSIONS);
});

test("S11: of users who take names that look alike at once one gets it", async () => {
  const names = ["Scope", "\u0405\u0441\u043e\u0440\u0435", "scope", "\uff33cope", "SCOPE"];
  const people: Caller[] = [];
  for (const _ of names) people.push(await person());
  const rename = (n: number) => running.call("users.update", { name: names[n] ?? "" }, people[n]);
  expect(await atOnce(names.length, rename)).toEqual({ accepted: 1, NAME_TAKEN: names.length - 1 });
});
