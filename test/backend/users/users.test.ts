import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { publicError } from "../../../backend/contract/index.ts";
import { createHashingQueue, type HashingQueue } from "../../../backend/users/hashing-queue.ts";
import { HASH_COST, hashPassword } from "../../../backend/users/password.ts";
import { setupPath } from "../../../backend/users/setup.ts";
import { usersService } from "../../../backend/users/users.service.ts";
import { PASSWORD, type Running, startServices } from "../start-services.ts";

let running: Running;
beforeAll(async () => {
  running = await startServices({ hashCost: HASH_COST });
});
afterAll(() => running.stop());

const refusal = (attempt: Promise<unknown>) =>
  attempt.then(
    () => "accepted",
    (error) => publicError(error),
  );

test("registering signs in, announces the user and tells the user everything but the hash", async () => {
  const { user, accessToken, refreshToken, expiresIn } = await running.call("users.register", {
    email: "Ada@Example.org",
    password: PASSWORD,
    name: "  Ada   Lovelace ",
  });
  expect(user).toEqual({
    id: expect.any(String),
    email: "ada@example.org",
    name: "Ada Lovelace",
    verified: false,
    roles: ["user"],
    createdAt: running.clock.now,
  });
  expect(expiresIn).toBe(600);
  expect(refreshToken).toEqual(expect.any(String));
  expect(running.announced).toContainEqual({ event: "user.created", payload: { id: user.id } });
  const { id, roles, sid } = await running.call("auth.verifyToken", { token: accessToken });
  expect(await running.call("users.profile", {}, { id, roles, sid })).toEqual(user);
});

test("an address is registered once, in whatever spelling", async () => {
  await running.register("Once");
  const again = running.call("users.register", { email: "ONCE@example.ORG", password: PASSWORD, name: "Other" });
  expect(await refusal(again)).toMatchObject({ status: 409, code: "EMAIL_TAKEN", field: "email" });
});

test.each([
  [{ email: "no address@example.org" }, "EMAIL_MALFORMED", "email"],
  [{ email: "ádá@example.org" }, "EMAIL_MALFORMED", "email"],
  [{ name: "\u202eadmin" }, "NAME_CONTROL", "name"],
  [{ password: "password123" }, "PASSWORD_COMMON", "password"],
  [{ password: "new@example.org" }, "PASSWORD_PERSONAL", "password"],
  [{ password: "\u{1f511}".repeat(4) }, "PASSWORD_SHORT", "password"],
])("registering with %j is refused with the field's name, and nobody is created", async (wrong, code, field) => {
  const before = (await running.store.users.list(1000)).length;
  const params = { email: "new@example.org", password: PASSWORD, name: "New", ...wrong };
  const answer = await refusal(running.call("users.register", params));
  // what the surface's own rules refuse first is a VALIDATION of the same field
  expect(answer).toMatchObject({ status: 422, field, code: expect.stringMatching(`^(?:${code}|VALIDATION)$`) });
  expect((await running.store.users.list(1000)).length).toBe(before);
});

test("the first administrator registers with a link that works once, and not beside an administrator", async () => {
  const { store, clock } = running;
  const tokenOf = (path: string | undefined) => path!.replace("/#setup=", "");
  const register = (name: string, setup: string) =>
    running.call("users.register", { email: `${name}@example.org`, password: PASSWORD, name, setup });
  const old = tokenOf(await setupPath(store, clock.now));
  const token = tokenOf(await setupPath(store, clock.now));
  expect(JSON.stringify(await store.keys.list("setup"))).not.toContain(token);
  for (const wrong of [old, "x".repeat(43), ""]) {
    expect(await refusal(register("eve", wrong))).toMatchObject({ status: wrong === "" ? 422 : 403 });
  }
  // two at once: one becomes the administrator
  const both = await Promise.allSettled([register("first", token), register("second", token)]);
  const roles = both.map((one) => (one.status === "fulfilled" ? one.value.user.roles.at(-1) : "refused"));
  expect(roles.filter((role) => role === "admin")).toHaveLength(1);
  expect(await refusal(register("third", token))).toMatchObject({ status: 403, code: "SETUP_LINK" });
  // a link that was not used, because an administrator was made otherwise, does not work later
  await store.keys.replace("setup", "unused", clock.now);
  expect(await setupPath(store, clock.now)).toBeUndefined();
  expect(await store.keys.list("setup")).toEqual([]);
});

test("signing in works in every spelling of the address and typing of the password", async () => {
  await running.call("users.register", {
    email: "jose.not@example.org",
    password: "café au lait!",
    name: "J",
  });
  const { user } = await running.call("users.login", {
    email: "JOSE.NOT@example.org",
    password: "cafe\u0301 au lait!",
  });
  expect(user.email).toBe("jose.not@example.org");
});

test("a wrong password, an unknown user and a disabled one get the same response after the same work: one hash", async () => {
  await running.register("Known");
  let hashes = 0;
  const inner = createHashingQueue({ maxRunning: 2, maxWaiting: 10 });
  const counting: HashingQueue = {
    run: (work) => {
      hashes += 1;
      return inner.run(work);
    },
    get waiting() {
      return inner.waiting;
    },
    assertNotFull: () => inner.assertNotFull(),
  };
  const { store, clock } = running;
  const service = usersService({ store, hashing: counting, clock: () => clock.now, ...running.mail });
  await running.broker.destroyService("users");
  running.broker.createService(service);
  await running.broker.waitForServices("users");
  const answers = [];
  for (const [email, password] of [
    ["known@example.org", "wrong password"],
    ["unknown@example.org", "wrong password"],
    ["not an address but long@x.y", "wrong password"],
  ] as const) {
    hashes = 0;
    answers.push({ answer: await refusal(running.call("users.login", { email, password })), hashes });
  }
  const expected = {
    answer: { status: 401, code: "CREDENTIALS", message: "The e-mail address or the password is wrong." },
    hashes: 1,
  };
  expect(answers[0]).toEqual(expected);
  expect(answers[1]).toEqual(expected);
  // this one never reaches the service: its form is refused, whether the account exists or not
  expect(answers[2]).toMatchObject({ answer: { status: 422, field: "email" }, hashes: 0 });
});

test("a hash made at another cost is made anew when its user signs in", async () => {
  const { user } = await running.register("Old");
  const weak = await hashPassword(PASSWORD, { memory: 64, passes: 1, parallelism: 1 });
  await running.store.users.resetPasswordHash(user.id, user.email, weak);
  await refusal(running.call("users.login", { email: user.email, password: "wrong" }));
  expect((await running.store.users.find(user.id))?.passwordHash).toBe(weak);
  await running.call("users.login", { email: user.email, password: PASSWORD });
  expect((await running.store.users.find(user.id))?.passwordHash).toContain("m=19456,t=2,p=1");
});

test("N11: while no password can be hashed, tries are told to come back and count for no account", async () => {
  await running.register("Calm");
  const { store, clock } = running;
  await running.broker.destroyService("users");
  const hashing = createHashingQueue({ maxRunning: 1, maxWaiting: 1 });
  running.broker.createService(usersService({ store, hashing, clock: () => clock.now, ...running.mail }));
  await running.broker.waitForServices("users");
  const { promise, resolve } = Promise.withResolvers<void>();
  const work = [hashing.run(() => promise), hashing.run(() => promise)];
  const login = () => refusal(running.call("users.login", { email: "calm@example.org", password: PASSWORD }));
  for (let n = 0; n < 10; n += 1) expect(await login()).toMatchObject({ code: "UNAVAILABLE", retryAfter: 2 });
  resolve();
  await Promise.all(work);
  expect(await login()).toBe("accepted");
});

test("more logins than the hashing queue holds are told to come back, the others succeed", async () => {
  await running.register("Flood");
  const { store, clock } = running;
  await running.broker.destroyService("users");
  const hashing = createHashingQueue({ maxRunning: 1, maxWaiting: 2, retryAfter: 3 });
  running.broker.createService(usersService({ store, hashing, clock: () => clock.now, ...running.mail }));
  await running.broker.waitForServices("users");
  const answers = await Promise.all(
    Array.from({ length: 6 }, () =>
      refusal(running.call("users.login", { email: "flood@example.org", password: PASSWORD })),
    ),
  );
  expect(answers.filter((answer) => answer === "accepted")).toHaveLength(3);
  for (const answer of answers.filter((one) => one !== "accepted")) {
    expect(answer).toMatchObject({ status: 503, code: "UNAVAILABLE", retryAfter: 3 });
  }
});
