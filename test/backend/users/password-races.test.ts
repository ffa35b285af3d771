import { afterEach, beforeEach, expect, test } from "@jest/globals";
import { publicError } from "../../../backend/contract/index.ts";
import type { Mail } from "../../../backend/mail/mail.ts";
import { hashPassword } from "../../../backend/users/password.ts";
import { usersService } from "../../../backend/users/users.service.ts";
import { PASSWORD, type Running, startServices } from "../start-services.ts";
import { CHEAP_HASHES } from "../test-modules.ts";

/** Runs once, right after the next hash: what another client does while a request waits for its own hash. */
let meanwhile: (() => Promise<unknown>) | undefined;
let running: Running;
beforeEach(async () => {
  running = await startServices();
  const { store, clock, broker, mail } = running;
  const hashing = {
    waiting: 0,
    assertNotFull: () => undefined,
    async run<T>(work: () => Promise<T>): Promise<T> {
      const result = await work();
      const now = meanwhile;
      meanwhile = undefined;
      await now?.();
      return result;
    },
  };
  await broker.destroyService("users");
  broker.createService(usersService({ store, hashing, hashCost: CHEAP_HASHES, clock: () => clock.now, ...mail }));
  await broker.waitForServices("users");
});
afterEach(() => running.stop());

const MINE = "the owner's new one";
const answer = (attempt: Promise<unknown>) => attempt.then(() => "accepted", publicError);
const login = (password: string) => answer(running.call("users.login", { email: "ada@example.org", password }));
const tokenIn = ({ text }: Mail) => /#(?:verify|reset)=([\w-]{43})$/m.exec(text)?.[1] ?? "";

/** An attacker knows the password and is signed in; the owner has a link to a new one, and will open it. */
async function taken() {
  const ada = await running.register("Ada");
  const [mail] = await Promise.all([
    running.nextMail(),
    running.call("users.requestReset", { email: "ada@example.org" }),
  ]);
  const reset = () => running.call("users.resetPassword", { token: tokenIn(mail), newPassword: MINE });
  return { ...ada, reset };
}

test("a sign-in with the old password that was under way leaves no session behind a reset", async () => {
  const { user, reset } = await taken();
  meanwhile = reset;
  expect(await login(PASSWORD)).toMatchObject({ status: 401, code: "CREDENTIALS" });
  expect(await running.store.sessions.list(user.id)).toEqual([]);
  expect(await login(MINE)).toBe("accepted");
});

test("hashing anew, changing or removing with the old password undoes no reset", async () => {
  const { user, identity, reset } = await taken();
  meanwhile = reset;
  expect(
    await answer(running.call("users.changePassword", { password: PASSWORD, newPassword: "the thief's" }, identity)),
  ).toMatchObject({ code: "PASSWORD_WRONG", field: "password" });
  const weak = await hashPassword(MINE, { ...CHEAP_HASHES, passes: 2 });
  await running.store.users.resetPasswordHash(user.id, user.email, weak);
  const owners = await hashPassword("the third of the owner", CHEAP_HASHES);
  meanwhile = () => running.store.users.resetPasswordHash(user.id, user.email, owners);
  expect(await login(MINE)).toMatchObject({ code: "CREDENTIALS" });
  meanwhile = () => running.store.users.resetPasswordHash(user.id, user.email, weak);
  expect(await answer(running.call("users.remove", { password: "the third of the owner" }, identity))).toMatchObject({
    code: "PASSWORD_WRONG",
  });
  expect(await running.store.users.find(user.id)).toMatchObject({ email: user.email, disabledAt: null });
});

test("of two devices that sign in when the hash is to be made anew, both are let in", async () => {
  const { user } = await taken();
  await running.store.users.resetPasswordHash(
    user.id,
    user.email,
    await hashPassword(MINE, { ...CHEAP_HASHES, passes: 2 }),
  );
  expect(await Promise.all([login(MINE), login(MINE)])).toEqual(["accepted", "accepted"]);
});

test("a link to another address that was asked for with the old password does not outlive a reset", async () => {
  const { user, identity, reset } = await taken();
  meanwhile = reset;
  expect(
    await answer(running.call("users.changeEmail", { email: "thief@example.org", password: PASSWORD }, identity)),
  ).toMatchObject({ code: "PASSWORD_WRONG" });
  for (const mail of running.mails.filter(({ to }) => to === "thief@example.org"))
    expect(await answer(running.call("users.verifyEmail", { token: tokenIn(mail) }))).toMatchObject({ code: "LINK" });
  expect(await running.store.users.find(user.id)).toMatchObject({ email: user.email });
});

test("a reset link counts for the address it was sent to: it does not set the password of one who has moved meanwhile", async () => {
  const { user, reset } = await taken();
  meanwhile = async () =>
    running.store.users.setEmail((await running.store.users.find(user.id))!, "moved@example.org", 1);
  expect(await answer(reset())).toMatchObject({ code: "LINK" });
  expect(await answer(running.call("users.login", { email: "moved@example.org", password: PASSWORD }))).toBe(
    "accepted",
  );
});

test("who is disabled while signing in gets no session that would live when they are enabled again", async () => {
  const { user } = await taken();
  const before = (await running.store.sessions.list(user.id)).length;
  meanwhile = () => running.store.users.disable(user.id, 1);
  expect(await login(PASSWORD)).toMatchObject({ status: 401 });
  expect(await running.store.sessions.list(user.id)).toHaveLength(before);
});
