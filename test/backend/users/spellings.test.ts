// Attacks that failed when they were tried: another spelling of a user's e-mail address, for a second account or to
// sign in as that user.
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { publicError } from "../../../backend/contract/index.ts";
import { type Running, startServices } from "../start-services.ts";

const ADDRESS = "ada@example.org";
const OWNERS_PASSWORD = "correct horse battery";
const ATTACKERS_PASSWORD = "staple battery horse";
const DAY = 24 * 60 * 60 * 1000;
let running: Running;
let ownerId: string;
let accounts = 0;

beforeAll(async () => {
  running = await startServices();
  ownerId = (await register(ADDRESS, OWNERS_PASSWORD)).user.id;
});
afterAll(() => running.stop());

const register = async (email: string, password: string) => {
  const signedIn = await running.call("users.register", { email, password, name: `Reader ${accounts}` });
  accounts += 1;
  return signedIn;
};
const login = async (email: string, password: string) => {
  running.clock.now += DAY; // no attempt has to wait for the ones before it
  return (await running.call("users.login", { email, password })).user.id;
};
const refusal = (attempt: Promise<unknown>) => attempt.then(() => "accepted", publicError);
const CREDENTIALS = { status: 401, code: "CREDENTIALS" };

test.each([
  "ADA@EXAMPLE.ORG",
  "aDa@example.org",
  "ada@Example.Org",
  "ada@\uff45xample.org",
  "ada@\u24d4xample.org",
  "ada@\u212fxample.org",
  "ada@\ud835\udc1example.org",
  "ada@example.\u2092rg",
  "ada@exam\u00adple.org",
  "ada@exa\u200bmple.org",
  "ada@exa\u2060mple.org",
])("%j is the same address: it makes no second account and signs its owner in", async (spelling) => {
  expect(await refusal(register(spelling, ATTACKERS_PASSWORD))).toMatchObject({ status: 409, code: "EMAIL_TAKEN" });
  expect(await refusal(login(spelling, ATTACKERS_PASSWORD))).toMatchObject(CREDENTIALS);
  expect(await login(spelling, OWNERS_PASSWORD)).toBe(ownerId);
});

test.each([
  "ada+@example.org",
  "ada+x@example.org",
  "a.da@example.org",
  "ada@ex\u0430mple.org",
  "ada@ex\u00e1mple.org",
  "ada@example.o\u017fg",
  "ada@example.or\u0261",
  "ada@xn--example.org",
  "ada@mail.example.org",
  "ada@example.com",
  "ada%example.org@example.com",
  "example.com!ada@example.org",
])("%j is another address: it makes an account of its own and never signs the first owner in", async (address) => {
  expect(await refusal(login(address, OWNERS_PASSWORD))).toMatchObject(CREDENTIALS);
  const { user } = await register(address, ATTACKERS_PASSWORD);
  expect(user.id).not.toBe(ownerId);
  expect(await refusal(login(address, OWNERS_PASSWORD))).toMatchObject(CREDENTIALS);
  expect(await refusal(login(ADDRESS, ATTACKERS_PASSWORD))).toMatchObject(CREDENTIALS);
  expect([await login(address, ATTACKERS_PASSWORD), await login(ADDRESS, OWNERS_PASSWORD)]).toEqual([user.id, ownerId]);
});

test.each([
  " ada@example.org",
  "ada@example.org\t",
  "\ufeffada@example.org",
  "ada@exam\nple.org",
  "ada@exam\u0001ple.org",
  "ada@example.org.",
  "ada@example.org:25",
  "ada@example.org/",
  "ada@example.org?a=b",
  "ada@example.org#a",
  "ada@example.org\\a",
  "ada@ex%61mple.org",
  "ada@example.org(a)",
  "(a)ada@example.org",
  '"ada"@example.org',
  "<ada@example.org>",
  "mailto:ada@example.org",
  "ada@example.org,eve@example.com",
  "ada@example.org@example.com",
  "@example.com:ada@example.org",
  "ada\u0000@example.org",
  "ada\u200b@example.org",
  "a\u00adda@example.org",
  "\u202eada@example.org",
  "\u0430da@example.org",
  "\uff41da@example.org",
  "ad\u0061\u0307@example.org",
  "ada\uff20example.org",
  "ada\ufe6bexample.org",
  "ada@example\u3002org",
  "ada@example\uff0eorg",
  "ada@example\u2024org",
])("%j is no address: it makes no account and signs nobody in", async (text) => {
  const rejected = { status: 422, field: "email" };
  expect(await refusal(register(text, ATTACKERS_PASSWORD))).toMatchObject(rejected);
  const { code } = (await refusal(login(text, OWNERS_PASSWORD))) as { code: string };
  expect(["CREDENTIALS", "VALIDATION"]).toContain(code);
});

test("after all of them there is one account for each address", async () => {
  const users = await running.store.users.list(100);
  expect(users).toHaveLength(accounts);
  expect(new Set(users.map(({ email }) => email)).size).toBe(accounts);
  expect(users.filter(({ email }) => email === ADDRESS).map(({ id }) => id)).toEqual([ownerId]);
});
