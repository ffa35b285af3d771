import { afterEach, beforeEach, expect, test } from "@jest/globals";
import { authSurface } from "../../../backend/auth/surface.ts";
import { type Caller, call, type PublicError, publicError } from "../../../backend/contract/index.ts";
import { usersSurface } from "../../../backend/users/surface.ts";
import { PASSWORD, type Running, startServices } from "../start-services.ts";

let running: Running;
beforeEach(async () => {
  running = await startServices();
});
afterEach(() => running.stop());

const answer = (attempt: Promise<unknown>): Promise<"accepted" | PublicError> =>
  attempt.then(() => "accepted" as const, publicError);
const admin = async (): Promise<Caller> => {
  const { identity } = await running.register("Root");
  await running.store.users.changeRole(identity.id, "admin");
  return { ...identity, roles: ["user", "moderator", "admin"] };
};
const login = (email: string, password: string, address = "192.0.2.1", agent?: string) =>
  call(
    running.broker,
    "users.login",
    { email, password },
    { meta: { client: { address, ...(agent && { userAgent: agent }) } } },
  );
const actions = async () => (await running.store.audit.list(100)).map(({ action }) => action).reverse();

test("a user changes name and password; the other sessions end, this one goes on", async () => {
  const ada = await running.register("Ada");
  const other = await login("ada@example.org", PASSWORD);
  expect(await running.call("users.update", { name: " Ada  L. " }, ada.identity)).toMatchObject({ name: "Ada L." });
  const change = (password: string, newPassword: string) =>
    running.call("users.changePassword", { password, newPassword }, ada.identity);
  expect(await answer(change("wrong", "another horse"))).toMatchObject({ code: "PASSWORD_WRONG", field: "password" });
  expect(await answer(change(PASSWORD, "password123"))).toMatchObject({
    code: "PASSWORD_COMMON",
    field: "newPassword",
  });
  expect(await change(PASSWORD, "another horse")).toEqual({ changed: true });
  expect(await answer(running.call("auth.verifyToken", { token: other.accessToken }))).toMatchObject({ status: 401 });
  expect(await answer(running.call("auth.refresh", { refreshToken: other.refreshToken }))).toMatchObject({
    status: 401,
  });
  expect(await answer(running.call("auth.verifyToken", { token: ada.accessToken }))).toBe("accepted");
  expect(await answer(login("ada@example.org", PASSWORD))).toMatchObject({ code: "CREDENTIALS" });
  expect(await answer(login("ada@example.org", "another horse"))).toBe("accepted");
});

test("users see and end their own sessions, and no others", async () => {
  const ada = await running.register("Ada");
  const bob = await running.register("Bob");
  running.clock.now += 1000;
  const phone = await login("ada@example.org", PASSWORD, "203.0.113.9", "Phone/1.0");
  const { sessions } = await running.call("auth.sessions", {}, ada.identity);
  expect(sessions).toEqual([
    expect.objectContaining({ sid: ada.identity.sid, current: true, address: null, agent: null }),
    expect.objectContaining({
      current: false,
      address: "203.0.113.9",
      agent: "Phone/1.0",
      createdAt: running.clock.now,
    }),
  ]);
  const sid = sessions[1]!.sid;
  expect(await answer(running.call("auth.endSession", { sid }, bob.identity))).toMatchObject({ status: 404 });
  expect(await running.call("auth.endSession", { sid }, ada.identity)).toEqual({ ended: true });
  expect(await answer(running.call("auth.verifyToken", { token: phone.accessToken }))).toMatchObject({ status: 401 });
  expect((await running.call("auth.sessions", {}, ada.identity)).sessions).toHaveLength(1);
  expect(running.announced).toContainEqual({ event: "session.ended", payload: { sid } });
});

test("an account that is removed leaves nothing that says whose it was", async () => {
  const ada = await running.register("Ada");
  running.clock.now += 1000;
  await running.register("Bob");
  const before = await running.store.users.find(ada.user.id);
  expect(await answer(running.call("users.remove", { password: "wrong" }, ada.identity))).toMatchObject({
    status: 422,
  });
  expect(await running.call("users.remove", { password: PASSWORD }, ada.identity)).toEqual({ removed: true });
  // features hear of it when the sessions have ended
  const told = running.announced.map(({ event }) => event);
  expect(running.announced).toContainEqual({ event: "user.removed", payload: { id: ada.user.id } });
  expect(told.indexOf("user.removed")).toBeGreaterThan(told.lastIndexOf("session.ended"));
  // open sockets hear of it, and no mail that was sent is remembered with the address it went to
  expect(running.announced).toContainEqual({ event: "session.ended", payload: { sid: ada.identity.sid } });
  const link = { userId: ada.user.id, purpose: "verify", email: "x@example.org", hash: "x", expiresAt: 1 } as const;
  expect(await running.store.mailTokens.issue(link, running.clock.now)).toEqual({ issued: true });
  expect(await answer(running.call("auth.verifyToken", { token: ada.accessToken }))).toMatchObject({ status: 401 });
  expect(await answer(login("ada@example.org", PASSWORD))).toMatchObject({ code: "CREDENTIALS" });
  const left = await running.store.users.find(ada.user.id);
  expect(left).toMatchObject({
    email: expect.stringMatching(/^[0-9a-f-]{36}@removed\.invalid$/),
    name: "Somebody who left",
  });
  expect(left?.passwordHash).not.toBe(before?.passwordHash);
  const everybody = await running.store.users.list(10);
  expect(everybody.map(({ email, name }) => `${email} ${name}`.replace(/^[0-9a-f-]{36}/, "ID"))).toEqual([
    "ID@removed.invalid Somebody who left",
    "bob@example.org Bob",
  ]);
  // the address is free again
  expect((await running.register("Ada")).user.id).not.toBe(ada.user.id);
});

test("S3: no account can take a reserved address, and an account is removed though an older one has it", async () => {
  const ada = await running.register("Ada");
  const reserved = `${ada.user.id}@removed.invalid`;
  const register = running.call("users.register", { email: reserved, password: PASSWORD, name: "Eve" });
  expect(await answer(register)).toMatchObject({ status: 422, code: "EMAIL_RESERVED", field: "email" });
  const eve = await running.register("Eve");
  const move = running.call("users.changeEmail", { email: reserved, password: PASSWORD }, eve.identity);
  expect(await answer(move)).toMatchObject({ status: 422, code: "EMAIL_RESERVED", field: "email" });
  // as an account of an earlier version may have it
  const account = await running.store.users.find(eve.user.id);
  expect(await running.store.users.setEmail(account!, reserved, 1)).toBe("set");
  expect(await answer(login(reserved, PASSWORD))).toBe("accepted");
  expect(await running.call("users.remove", { password: PASSWORD }, ada.identity)).toEqual({ removed: true });
  expect(await running.call("users.remove", { password: PASSWORD }, eve.identity)).toEqual({ removed: true });
});

test("S11: a name is one user's until they take another one or leave; the user may spell it anew", async () => {
  const ada = await running.register("Ada");
  const bob = await running.register("Bob");
  const rename = (name: string, who: Caller) => answer(running.call("users.update", { name }, who));
  const register = (name: string) =>
    answer(running.call("users.register", { email: "eve@example.org", password: PASSWORD, name }));
  const taken = { status: 409, code: "NAME_TAKEN", field: "name" };
  expect(await register("A\u0501a")).toMatchObject({ code: "NAME_MIXED" });
  for (const name of ["Ada", "ADA", "\uff21da", "  ada "]) expect(await register(name)).toMatchObject(taken);
  expect(await rename("ada", bob.identity)).toMatchObject(taken);
  expect(await rename("ADA", ada.identity)).toBe("accepted");
  expect(await rename("Ada L.", ada.identity)).toBe("accepted");
  expect(await rename("Ada", bob.identity)).toBe("accepted");
  await running.call("users.remove", { password: PASSWORD }, bob.identity);
  expect(await register("Ada")).toBe("accepted");
});

test("admins list users, set roles and disable; never themselves", async () => {
  const root = await admin();
  running.clock.now += 1000;
  const ada = await running.register("Ada");
  const { users, more } = await running.call("users.list", {}, root);
  expect(users.map(({ email, roles }) => [email, roles.at(-1)])).toEqual([
    ["root@example.org", "admin"],
    ["ada@example.org", "user"],
  ]);
  expect(more).toBe(false);
  expect(JSON.stringify(users)).not.toContain("argon2");
  const { id } = ada.user;
  expect(await running.call("users.setRole", { id, role: "moderator" }, root)).toMatchObject({
    roles: ["user", "moderator"],
  });
  expect(running.announced).toContainEqual({ event: "user.changed", payload: { id, at: running.clock.now } });
  expect((await running.call("auth.verifyToken", { token: ada.accessToken })).roles).toContain("moderator");
  expect(await answer(running.call("users.setRole", { id, role: "root" }, root))).toMatchObject({ field: "role" });
  expect(await answer(running.call("users.setRole", { id: root.id, role: "user" }, root))).toMatchObject({
    status: 409,
    code: "OWN_ACCOUNT",
  });
  expect(await answer(running.call("users.disable", { id: root.id }, root))).toMatchObject({ code: "OWN_ACCOUNT" });
  expect(await answer(running.call("users.disable", { id: "nobody" }, root))).toMatchObject({ status: 404 });

  await running.call("users.disable", { id }, root);
  expect(await answer(running.call("auth.verifyToken", { token: ada.accessToken }))).toMatchObject({ status: 401 });
  expect(await answer(running.call("auth.refresh", { refreshToken: ada.refreshToken }))).toMatchObject({ status: 401 });
  const wrong = await answer(login("nobody@example.org", PASSWORD));
  expect(await answer(login("ada@example.org", PASSWORD))).toEqual(wrong);
  await running.call("users.enable", { id }, root);
  expect(await answer(login("ada@example.org", PASSWORD))).toBe("accepted");
});

test("what was done to accounts is in the audit log, readable by admins, without secrets or e-mail addresses", async () => {
  const root = await admin();
  const ada = await running.register("Ada");
  await answer(login("ada@example.org", "wrong password", "203.0.113.9"));
  await login("ada@example.org", PASSWORD);
  await running.call("users.setRole", { id: ada.user.id, role: "moderator" }, root);
  await running.call("auth.logout", {}, ada.identity);
  expect(await actions()).toEqual([
    "user.registered",
    "user.registered",
    "login.failed",
    "login.succeeded",
    "role.changed",
    "session.ended",
  ]);
  const { records } = await running.call("users.audit", {}, root);
  expect(records[1]).toMatchObject({ actorId: root.id, subjectId: ada.user.id, detail: "user to moderator" });
  expect(records[3]).toMatchObject({ actorId: null, subjectId: ada.user.id, address: "203.0.113.9" });
  expect(JSON.stringify(records)).not.toMatch(/@|password|argon2|eyJ/);
  const older = await running.call("users.audit", { before: records[0]!.id }, root);
  expect(older.records).toEqual(records.slice(1));
});

test("everything that happens to an account is in the audit log", async () => {
  const root = await admin();
  const ada = await running.register("Ada");
  const mailTo = (to: string) => /=([\w-]{43})$/m.exec(running.mails.findLast((one) => one.to === to)?.text ?? "");
  const open = async (to: string) => running.call("users.verifyEmail", { token: mailTo(to)?.[1] ?? "" });
  await login("ada@example.org", PASSWORD);
  await answer(login("ada@example.org", "wrong password"));
  await running.call("users.update", { name: "Ada L." }, ada.identity);
  running.clock.now += 60_000;
  await running.call("users.requestVerification", {}, ada.identity);
  await open("ada@example.org");
  await running.call("users.changeEmail", { email: "new@example.org", password: PASSWORD }, ada.identity);
  await open("new@example.org");
  await running.call("users.changePassword", { password: PASSWORD, newPassword: "another horse" }, ada.identity);
  const asked = running.nextMail();
  await running.call("users.requestReset", { email: "new@example.org" });
  await asked;
  const token = mailTo("new@example.org")?.[1] ?? "";
  await running.call("users.resetPassword", { token, newPassword: "a third horse" });
  const again = await login("new@example.org", "a third horse");
  const first = await running.call("auth.refresh", { refreshToken: again.refreshToken });
  await running.call("auth.refresh", { refreshToken: first.refreshToken });
  await answer(running.call("auth.refresh", { refreshToken: again.refreshToken }));
  const { id } = ada.user;
  await running.call("users.setRole", { id, role: "moderator" }, root);
  await running.call("users.disable", { id }, root);
  await answer(login("new@example.org", "a third horse"));
  await running.call("users.enable", { id }, root);
  await login("new@example.org", "a third horse");
  await running.call("auth.logout", {}, root);
  await running.call("users.remove", { password: "a third horse" }, ada.identity);
  const { records } = await running.call("users.audit", {}, root);
  const declared = [...usersSurface.audits, ...authSurface.audits];
  expect([...new Set(records.map(({ action }) => action))].sort()).toEqual(declared.sort());
  expect(records).toContainEqual(expect.objectContaining({ action: "login.failed", detail: "disabled" }));
  expect(JSON.stringify(records)).not.toMatch(/@|argon2|eyJ/);
});

test("signing in or changing a name again and again does not fill the audit log", async () => {
  const ada = await running.register("Ada");
  const rename = (n: number) => answer(running.call("users.update", { name: `Ada ${n}` }, ada.identity));
  const answers: unknown[] = [];
  for (let n = 0; n < 33; n += 1) answers.push(await rename(n));
  expect(answers.slice(0, 31)).toEqual(Array(31).fill("accepted"));
  expect(answers.at(-1)).toMatchObject({ status: 429, retryAfter: 10 });
  expect(await answer(login("ada@example.org", PASSWORD))).toMatchObject({ status: 429 });
  running.clock.now += 10_000;
  expect(await answer(login("ada@example.org", PASSWORD))).toBe("accepted");
});

test("who has a whole IPv6 network counts as one address", async () => {
  const answers: (number | string)[] = [];
  for (let n = 0; n < 7; n += 1) {
    const one = await answer(login("ada@example.org", "a wrong guess", `2001:db8:1:2::${n}`));
    answers.push(one === "accepted" ? one : one.status);
  }
  expect(answers.at(-1)).toBe(429);
});

test("guessing one account's password from one address is slowed down more and more", async () => {
  await running.register("Ada");
  const guess = () => answer(login("ada@example.org", "a wrong guess", "203.0.113.9"));
  for (let n = 0; n < 6; n += 1) expect(await guess()).toMatchObject({ code: "CREDENTIALS" });
  expect(await guess()).toMatchObject({ status: 429, retryAfter: 1 });
  // even the right password waits, so that a guess tells nothing meanwhile
  expect(await answer(login("ada@example.org", PASSWORD, "203.0.113.9"))).toMatchObject({ status: 429 });
  running.clock.now += 1000;
  expect(await guess()).toMatchObject({ code: "CREDENTIALS" });
  expect(await guess()).toMatchObject({ status: 429, retryAfter: 2 });
  expect(await answer(login("ada@example.org", PASSWORD, "192.0.2.1"))).toBe("accepted");
});

test("an account that does not exist is slowed down the same", async () => {
  await running.register("Ada");
  for (const email of ["ada@example.org", "nobody@example.org"]) {
    const answers: ("accepted" | PublicError)[] = [];
    for (let n = 0; n < 7; n += 1)
      answers.push(await answer(login(email, "a wrong guess", `2001:db8::${email.length}`)));
    expect(answers.map((one) => (one === "accepted" ? 200 : one.status))).toEqual([401, 401, 401, 401, 401, 401, 429]);
  }
});

test("an attacker cannot lock a user out: where the user has been lately, failures from elsewhere do not count", async () => {
  await running.register("Ada");
  await login("ada@example.org", PASSWORD, "192.0.2.1");
  for (let n = 0; n < 24; n += 1) {
    await answer(login("ada@example.org", "a wrong guess", `203.0.113.${n}`));
    running.clock.now += 1;
  }
  expect(await answer(login("ada@example.org", PASSWORD, "198.51.100.1"))).toMatchObject({ status: 429 });
  expect(await answer(login("ada@example.org", PASSWORD, "192.0.2.1"))).toBe("accepted");
  running.clock.now += 60_000;
  expect(await answer(login("ada@example.org", PASSWORD, "198.51.100.1"))).toBe("accepted");
});

test("tries at the same time do not slip through together", async () => {
  await running.register("Ada");
  const guesses = Array.from({ length: 12 }, () => answer(login("ada@example.org", "a wrong guess", "203.0.113.9")));
  const codes = (await Promise.all(guesses)).map((one) => (one === "accepted" ? "" : one.code));
  expect(codes.filter((code) => code === "CREDENTIALS")).toHaveLength(6);
  expect(codes.filter((code) => code === "RATE_LIMITED")).toHaveLength(6);
});

test("there is always an administrator: the last one does not leave, and two do not take each other's role or account at once", async () => {
  const root = await admin();
  expect(await answer(running.call("users.remove", { password: PASSWORD }, root))).toMatchObject({
    code: "LAST_ADMIN",
  });
  const { identity } = await running.register("Second");
  await running.store.users.changeRole(identity.id, "admin");
  const second = { ...identity, roles: root.roles };
  const taken = await Promise.all([
    answer(running.call("users.setRole", { id: second.id, role: "user" }, root)),
    answer(running.call("users.setRole", { id: root.id, role: "user" }, second)),
  ]);
  expect(taken).toContainEqual(expect.objectContaining({ status: 409, code: "LAST_ADMIN" }));
  for (const { id } of [root, second]) await running.store.users.changeRole(id, "admin");
  const disabled = await Promise.all([
    answer(running.call("users.disable", { id: second.id }, root)),
    answer(running.call("users.disable", { id: root.id }, second)),
  ]);
  expect(disabled).toContainEqual(expect.objectContaining({ status: 409, code: "LAST_ADMIN" }));
  expect(await running.store.users.hasAdmin()).toBe(true);
});

test("a user is known where they have been, though an IPv6 device has another address each day", async () => {
  await running.register("Ada");
  await login("ada@example.org", PASSWORD, "2001:db8:1:1::1");
  for (let n = 0; n < 24; n += 1) await answer(login("ada@example.org", "a wrong guess", `203.0.113.${n}`));
  expect(await answer(login("ada@example.org", PASSWORD, "2001:db8:1:2::1"))).toMatchObject({ status: 429 });
  expect(await answer(login("ada@example.org", PASSWORD, "2001:db8:1:1:a:b:c:d"))).toBe("accepted");
});
