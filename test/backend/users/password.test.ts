import { expect, test } from "@jest/globals";
import {
  checkNewPassword,
  HASH_COST,
  hashPassword,
  needsRehash,
  passwordForm,
  verifyPassword,
} from "../../../backend/users/password.ts";

const cheap = { memory: 64, passes: 1, parallelism: 1 };

test("hashes by argon2id with 19 MiB, two passes, one lane, as a PHC string", async () => {
  const phc = await hashPassword("correct horse battery");
  expect(phc).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$[A-Za-z0-9+/]{22}\$[A-Za-z0-9+/]{43}$/);
  expect(await verifyPassword("correct horse battery", phc)).toBe(true);
  expect(await verifyPassword("correct horse batterz", phc)).toBe(false);
});

test("two hashes of one password differ: each has its own salt", async () => {
  expect(await hashPassword("same", cheap)).not.toBe(await hashPassword("same", cheap));
});

test("verifies a PHC string made elsewhere", async () => {
  // a vector of the reference implementation's test suite (github.com/P-H-C/phc-winner-argon2, src/test.c)
  const phc = "$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc";
  expect(await verifyPassword("password", phc)).toBe(true);
  expect(await verifyPassword("Password", phc)).toBe(false);
});

test("a hash at another cost is made anew, one at today's is not", async () => {
  expect(needsRehash(await hashPassword("x", cheap))).toBe(true);
  expect(needsRehash(await hashPassword("x"), HASH_COST)).toBe(false);
});

test.each(["", "$2b$12$abc", "$argon2i$v=19$m=64,t=1,p=1$c29tZXNhbHQ$c29tZXNhbHRzb21lc2FsdA"])(
  "a stored hash that is none is an invariant, not a wrong password: %j",
  async (phc) => {
    await expect(verifyPassword("x", phc)).rejects.toThrow("invariant");
  },
);

test("composed and decomposed typing are one password; nothing else is folded", () => {
  expect(passwordForm("cafe\u0301")).toBe(passwordForm("café"));
  expect(passwordForm("ﬁ")).not.toBe(passwordForm("fi"));
  expect(passwordForm("  Blank ")).toBe("  Blank ");
  expect(passwordForm("\ud800")).toBeUndefined();
});

test.each([
  ["seven characters", "1f9-kqz", "PASSWORD_SHORT"],
  // eight UTF-16 code units are four characters here
  ["four emoji", "\u{1f511}\u{1f512}\u{1f513}\u{1f510}", "PASSWORD_SHORT"],
  ["129 characters", `${"ab".repeat(64)}c`, "PASSWORD_LONG"],
  ["a common one", "iloveyou1", "PASSWORD_COMMON"],
  ["a common one in capitals", "PASSWORD123", "PASSWORD_COMMON"],
  ["one character repeated", "ßßßßßßßßßß", "PASSWORD_COMMON"],
  ["a lone surrogate", "abcdefgh\ud800", "PASSWORD_NOT_UNICODE"],
  ["the e-mail address", "Ada@Example.org", "PASSWORD_PERSONAL"],
])("a new password must not be %s", (_, password, code) => {
  expect(checkNewPassword(password, ["ada@example.org"])).toMatchObject({ ok: false, code });
});

test.each([
  "kürzlich",
  "8 blanks in here",
  "🔑🔒🔓🔐🗝🛡🧱🚪",
  "pass\u0000word-q",
  `${"鑰".repeat(60)}${"匙".repeat(68)}`,
])("any Unicode is fine, without rules of composition: %j", (password) => {
  expect(checkNewPassword(password)).toMatchObject({ ok: true });
});

test("at least ten thousand common passwords are refused", async () => {
  const { default: list } = await import("@zxcvbn-ts/language-common/src/passwords.json", { with: { type: "json" } });
  const long = list.filter((entry: string) => entry.length >= 8);
  expect(long.length).toBeGreaterThan(10_000);
  expect(long.filter((entry: string) => checkNewPassword(entry).ok)).toEqual([]);
});
