import { expect, test } from "@jest/globals";
import { emailAddress, newEmailAddress } from "../../../backend/text/email.ts";
import { removedAddress } from "../../../backend/users/removed-address.ts";

test("S3: the replacement for a removed account's address differs each time, and no account can have it", () => {
  const [one, other] = [removedAddress(), removedAddress()];
  expect(one).not.toBe(other);
  expect(emailAddress(one)).toEqual({ ok: true, value: one });
  expect(newEmailAddress(one).ok).toBe(false);
});
