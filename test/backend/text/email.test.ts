import { expect, test } from "@jest/globals";
import fc from "fast-check";
import { checkEmailAddress, checkNewEmailAddress } from "../../../backend/text/email.ts";
import { character } from "../../character.ts";

test.each([
  ["  Ada@Example.ORG ", "ada@example.org"],
  ["o'neil+tag@example.co.uk", "o'neil+tag@example.co.uk"],
  ["info@bücher.example", "info@xn--bcher-kva.example"],
  ["info@xn--bcher-kva.example", "info@xn--bcher-kva.example"],
  // full-width letters in the domain are the same domain: compared after normalisation, never before
  ["ada@ｅxample.org", "ada@example.org"],
])("%s is known as %s", (input, address) => {
  expect(checkEmailAddress(input)).toEqual({ ok: true, value: address });
});

test.each([
  "",
  "@",
  "ada",
  "ada@",
  "@example.org",
  "ada@localhost",
  "ada@127.0.0.1",
  "ada@[127.0.0.1]",
  '"ada"@example.org',
  "a..b@example.org",
  ".a@example.org",
  "ada@example..org",
  "ada@-example.org",
  "ada@example.org\r\nBcc: eve@example.org",
  "ada@example.org\u0000",
  "ada@exa mple.org",
  "ada@exa\tmple.org",
  "ada@ex%61mple.org",
  "ada@example.org/x",
  "ada@example.org?x",
  "ada@example.org#x",
  "ada@example.org\\x",
  "ada@example.org\uff0fx",
  "ádá@example.org",
  "ａda@example.org",
  "ada\ud800@example.org",
  `${"a".repeat(65)}@example.org`,
  `a@${"b".repeat(250)}.org`,
])("%j is no address", (input) => {
  expect(checkEmailAddress(input)).toMatchObject({ ok: false, code: "EMAIL_MALFORMED" });
});

test("an accepted address is its own one spelling, in plain ASCII without blanks or controls", () => {
  const input = fc.oneof(
    fc.emailAddress(),
    fc.string({ unit: character }),
    fc.string().map((s) => `${s}@example.org`),
  );
  fc.assert(
    fc.property(input, (text) => {
      const once = checkEmailAddress(text);
      if (!once.ok) return;
      expect(once.value).toMatch(/^[\x21-\x7e]+$/);
      expect(checkEmailAddress(once.value)).toEqual(once);
    }),
  );
});

test.each([
  "0b54a1e8-3a6b-4a58-9d36-6c1a5b7f2a11@removed.invalid",
  "ada@INVALID.invalid",
  "ada@mail.test",
  "ada@b\u00fccher.example",
  "ada@app.localhost",
  "ada@printer.local",
  "ada@xyz.onion",
  "ada@name.alt",
  "ada@home.arpa",
  "ada@example.\uff49nvalid",
])("S3: %s is an address, but none for a new account: its domain is reserved", (input) => {
  expect(checkEmailAddress(input).ok).toBe(true);
  expect(checkNewEmailAddress(input)).toEqual({ ok: false, code: "EMAIL_RESERVED" });
});

test.each(["ada@example.org", "ada@invalid.org", "ada@mail.corp.internal", "ada@testing.tests.dev"])(
  "S3: %s is an address for a new account",
  (input) => {
    expect(checkNewEmailAddress(input)).toEqual({ ok: true, value: input });
  },
);
