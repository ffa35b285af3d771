import { afterEach, beforeEach, expect, test } from "@jest/globals";
import { type Caller, call, type PublicError, publicError } from "../../../backend/contract/index.ts";
import type { Mail } from "../../../backend/mail/mail.ts";
import { createHashingQueue } from "../../../backend/users/hashing-queue.ts";
import { LINK_LIFE_MS } from "../../../backend/users/mail-token.ts";
import { usersService } from "../../../backend/users/users.service.ts";
import { PASSWORD, type Running, SITE, startServices } from "../start-services.ts";

let running: Running;
beforeEach(async () => {
  running = await startServices();
});
afterEach(() => running.stop());

const MINUTE = 60_000;
const answer = (attempt: Promise<unknown>): Promise<"accepted" | PublicError> =>
  attempt.then(() => "accepted" as const, publicError);
const tokenIn = ({ text }: Mail) => /#(?:verify|reset)=([\w-]{43})$/m.exec(text)?.[1] ?? "";
const last = () => running.mails.at(-1)!;
const verify = (token: string) => answer(running.call("users.verifyEmail", { token }));
const reset = (token: string, newPassword = "another horse") =>
  answer(running.call("users.resetPassword", { token, newPassword }));
const login = (email: string, password: string) => answer(running.call("users.login", { email, password }));
const profile = (user: Caller) => running.call("users.profile", {}, user);
const ask = (email: string, address = "192.0.2.1") =>
  call(running.broker, "users.requestReset", { email }, { meta: { client: { address } } });
/** Asks for a new password and reads the mail. */
async function askAndRead(email: string): Promise<string> {
  const [mail] = await Promise.all([running.nextMail(), ask(email)]);
  return tokenIn(mail);
}
const actions = async () => (await running.store.audit.list(100)).map(({ action }) => action).reverse();

test("registering sends a link that shows the address to be one's own: once, for a day, to the site's own address", async () => {
  const ada = await running.register("Ada");
  expect(ada.user.verified).toBe(false);
  expect(last()).toMatchObject({ kind: "verify", to: "ada@example.org" });
  expect(last().text).toContain(`${SITE}/#verify=`);
  // nothing that anybody typed stands in a mail
  expect(last().text).not.toContain("Ada");
  const token = tokenIn(last());
  expect(await running.store.mailTokens.find(token, 0)).toBeUndefined(); // its hash is what the store has
  for (const wrong of [`${token}x`, "x".repeat(43), token.slice(1)])
    expect(await verify(wrong)).toMatchObject({ code: "LINK" });
  expect(await reset(token)).toMatchObject({ status: 403, code: "LINK" });
  expect(await verify(token)).toBe("accepted");
  expect(await profile(ada.identity)).toMatchObject({ verified: true });
  expect(await verify(token)).toMatchObject({ status: 403, code: "LINK" });
  expect(await answer(running.call("users.requestVerification", {}, ada.identity))).toMatchObject({
    code: "EMAIL_VERIFIED",
  });
  expect(await actions()).toEqual(["user.registered", "email.verified"]);
});

test("a link ends with its time, and with the next one; asking again has to wait longer and longer", async () => {
  const ada = await running.register("Ada");
  const first = tokenIn(last());
  const again = () => answer(running.call("users.requestVerification", {}, ada.identity));
  expect(await again()).toMatchObject({ code: "RATE_LIMITED", retryAfter: 60 });
  running.clock.now += MINUTE;
  expect(await again()).toBe("accepted");
  expect(await again()).toMatchObject({ retryAfter: 120 });
  expect(running.mails).toHaveLength(2);
  const second = tokenIn(last());
  expect(await verify(first)).toMatchObject({ code: "LINK" });
  running.clock.now += LINK_LIFE_MS.verify;
  expect(await verify(second)).toMatchObject({ code: "LINK" });
  expect(await again()).toBe("accepted");
  expect(await verify(tokenIn(last()))).toBe("accepted");
});

test("two who open one link at the same time are one", async () => {
  await running.register("Ada");
  const token = tokenIn(last());
  const both = await Promise.all([verify(token), verify(token)]);
  expect(both.filter((one) => one === "accepted")).toHaveLength(1);
  const resetting = await askAndRead("ada@example.org");
  const changes = await Promise.all([reset(resetting, "first horse"), reset(resetting, "second horse")]);
  expect(changes.filter((one) => one === "accepted")).toHaveLength(1);
});

test("a forgotten password: the link sets a new one, ends every session, starts none, and a mail reports it", async () => {
  const ada = await running.register("Ada");
  const token = await askAndRead("ADA@example.org");
  expect(last()).toMatchObject({ kind: "reset", to: "ada@example.org" });
  expect(await reset(token, "password123")).toMatchObject({ code: "PASSWORD_COMMON", field: "newPassword" });
  expect(await running.call("users.resetPassword", { token, newPassword: "another horse" })).toEqual({ changed: true });
  expect(await answer(running.call("auth.verifyToken", { token: ada.accessToken }))).toMatchObject({ status: 401 });
  expect(await answer(running.call("auth.refresh", { refreshToken: ada.refreshToken }))).toMatchObject({ status: 401 });
  expect(await login("ada@example.org", PASSWORD)).toMatchObject({ code: "CREDENTIALS" });
  expect(await login("ada@example.org", "another horse")).toBe("accepted");
  expect(await reset(token, "third horse now")).toMatchObject({ code: "LINK" });
  expect(last()).toMatchObject({ kind: "passwordReset", to: "ada@example.org" });
  // who reads the mail has the address
  expect((await running.store.users.find(ada.user.id))?.verifiedAt).toBe(running.clock.now);
  expect((await actions()).slice(1, 3)).toEqual(["reset.requested", "password.reset"]);
});

test("an unknown address and a disabled account get the same response, no mail and no audit record", async () => {
  const { identity } = await running.register("Root");
  const ada = await running.register("Ada");
  await running.store.users.disable(ada.user.id, 1);
  const written = running.mails.length;
  const mail = running.nextMail(); // it may come before the last of the answers
  const known = await ask("root@example.org");
  const unknown = await ask("nobody@example.org");
  const disabled = await ask("ada@example.org");
  expect([unknown, disabled]).toEqual([known, known]);
  expect((await mail).to).toBe("root@example.org");
  await ask("nobody@example.org");
  expect(running.mails.slice(written).map(({ to }) => to)).toEqual(["root@example.org"]);
  const recorded = async () =>
    (await running.store.audit.list(100)).filter(({ action }) => action === "reset.requested");
  while ((await recorded()).length === 0) await new Promise((resolve) => setImmediate(resolve)); // it follows the mail
  expect((await recorded()).map(({ subjectId }) => subjectId)).toEqual([identity.id]);
});

test("repeated requests send one mail, and one address may request mails for few accounts", async () => {
  await running.register("Ada");
  await running.register("Bob");
  const token = await askAndRead("ada@example.org");
  const before = running.mails.length;
  await ask("ada@example.org", "203.0.113.1");
  await ask("ada@example.org", "203.0.113.2");
  await askAndRead("bob@example.org");
  expect(running.mails.slice(before).map(({ to }) => to)).toEqual(["bob@example.org"]);
  // the one that was sent is still good
  expect(await reset(token)).toBe("accepted");
  const tries: unknown[] = [];
  for (let n = 0; n < 12; n += 1) tries.push(await answer(ask(`n${n}@example.org`, "198.51.100.7")));
  expect(tries.slice(0, 11)).toEqual(Array(11).fill("accepted"));
  expect(tries[11]).toMatchObject({ status: 429, retryAfter: 10 });
});

test("a changed password makes reset links invalid and is reported by mail; so do disabling and removing", async () => {
  const ada = await running.register("Ada");
  const token = await askAndRead("ada@example.org");
  await running.call("users.changePassword", { password: PASSWORD, newPassword: "another horse" }, ada.identity);
  expect(last()).toMatchObject({ kind: "passwordChanged", to: "ada@example.org" });
  expect(await reset(token)).toMatchObject({ code: "LINK" });

  const bob = await running.register("Bob");
  const verifying = tokenIn(last());
  const root = await running.register("Root");
  await running.store.users.changeRole(root.user.id, "admin");
  const admin = { ...root.identity, roles: ["admin"] } as const;
  await running.call("users.disable", { id: bob.user.id }, admin);
  await running.call("users.enable", { id: bob.user.id }, admin);
  expect(await verify(verifying)).toMatchObject({ code: "LINK" });
  const gone = await running.register("Gone");
  await running.call("users.remove", { password: PASSWORD }, gone.identity);
  expect(await verify(tokenIn(last()))).toMatchObject({ code: "LINK" });
});

test("a new e-mail address is confirmed before it counts; the old one gets a mail, and its links become invalid", async () => {
  const ada = await running.register("Ada");
  const toOld = tokenIn(last());
  const change = (email: string, password = PASSWORD) =>
    answer(running.call("users.changeEmail", { email, password }, ada.identity));
  expect(await change("new@example.org", "wrong password")).toMatchObject({
    code: "PASSWORD_WRONG",
    field: "password",
  });
  expect(await change("ADA@example.org")).toMatchObject({ code: "EMAIL_SAME", field: "email" });
  expect(await change("new@example.org")).toBe("accepted");
  expect(last()).toMatchObject({ kind: "move", to: "new@example.org" });
  expect(await profile(ada.identity)).toMatchObject({ email: "ada@example.org" });
  expect(await verify(tokenIn(last()))).toBe("accepted");
  expect(await profile(ada.identity)).toMatchObject({ email: "new@example.org", verified: true });
  expect(last()).toMatchObject({ kind: "emailChanged", to: "ada@example.org" });
  expect(await verify(toOld)).toMatchObject({ code: "LINK" });
  expect(await login("ada@example.org", PASSWORD)).toMatchObject({ code: "CREDENTIALS" });
  expect(await login("new@example.org", PASSWORD)).toBe("accepted");

  // an attacker in the account cannot keep it: a new password puts that link out of use
  running.clock.now += MINUTE;
  expect(await change("eve@example.org")).toBe("accepted");
  const toEve = tokenIn(last());
  expect(await reset(await askAndRead("new@example.org"))).toBe("accepted");
  expect(await verify(toEve)).toMatchObject({ code: "LINK" });
  running.clock.now += 2 * MINUTE;
  expect(await change("eve@example.org", "another horse")).toBe("accepted");
  const again = tokenIn(last());
  const newer = { password: "another horse", newPassword: PASSWORD };
  await running.call("users.changePassword", newer, ada.identity);
  expect(await verify(again)).toMatchObject({ code: "LINK" });

  // whether an address is taken is seen in its mail, not in the response
  await running.register("Bob");
  running.clock.now += 4 * MINUTE;
  expect(await change("bob@example.org")).toBe("accepted");
  expect(await verify(tokenIn(last()))).toMatchObject({ status: 409, code: "EMAIL_TAKEN" });
  expect(await actions()).toContain("email.changed");
});

test("registering and removing an account again and again does not fill a mailbox, nor do many registrations from one address", async () => {
  for (let n = 0; n < 14; n += 1) {
    const { identity } = await running.register("Victim");
    await running.call("users.remove", { password: PASSWORD }, identity);
    running.clock.now += 1000;
  }
  expect(running.mails).toHaveLength(11);
  for (let n = 0; n < 9; n += 1) await running.register(`Other${n}`);
  expect(running.mails).toHaveLength(11 + 7);
});

test("however many mails others cause to an address, its owner who requests a reset gets a valid link", async () => {
  await running.register("Ada");
  for (let n = 0; n < 12; n += 1) {
    const { identity } = await running.register(`Eve${n}`);
    await running.call("users.changeEmail", { email: "ada@example.org", password: PASSWORD }, identity);
  }
  let link = "";
  for (let n = 0; n < 26; n += 1) {
    link = await askAndRead("ada@example.org");
    running.clock.now += Math.min(60, 2 ** n) * MINUTE;
  }
  running.clock.now -= MINUTE;
  expect(await reset(link)).toBe("accepted");
});

test("a user who has set a new password signs in with it at once, however often it was guessed at meanwhile", async () => {
  await running.register("Ada");
  const link = await askAndRead("ada@example.org");
  const from = (address: string) => ({ meta: { client: { address } } });
  const guess = (password: string, address: string) =>
    answer(call(running.broker, "users.login", { email: "ada@example.org", password }, from(address)));
  for (let n = 0; n < 40; n += 1) await guess("a wrong guess", `203.0.113.${n % 20}`);
  for (let n = 0; n < 10; n += 1) await guess(PASSWORD, "198.51.100.7");
  expect(await guess(PASSWORD, "198.51.100.7")).toMatchObject({ code: "RATE_LIMITED" });
  await call(
    running.broker,
    "users.resetPassword",
    { token: link, newPassword: "another horse" },
    from("198.51.100.7"),
  );
  expect(await guess("another horse", "198.51.100.7")).toBe("accepted");
});

test("requests for a new password that wait take bounded memory, wherever they come from", async () => {
  const { store, clock, broker, mail } = running;
  const hashing = createHashingQueue({ maxRunning: 1, maxWaiting: 1 });
  await broker.destroyService("users");
  broker.createService(
    usersService({ store, hashing, clock: () => clock.now, ...mail, resetDelayMs: () => 3_600_000 }),
  );
  await broker.waitForServices("users");
  const asked = (n: number) => answer(ask("nobody@example.org", `198.51.${n >> 8}.${n & 255}`));
  const answers = await Promise.all(Array.from({ length: 501 }, (_, n) => asked(n)));
  expect(answers.filter((one) => one === "accepted")).toHaveLength(500);
  expect(answers).toContainEqual(expect.objectContaining({ status: 503, code: "UNAVAILABLE" }));
});
