import { expect, test } from "@jest/globals";
import { checkEmailAddress, checkNewEmailAddress } from "../../../backend/text/email.ts";
import { removedAddress } from "../../../backend/users/removed-address.ts";

test("S3: the replacement for a removed account's address differs each time, and no account can have it", () => {
  const [one, other] = [removedAddress(), removedAddress()];
  expect(one).not.toBe(other);
  expect(checkEmailAddress(one)).toEqual({ ok: true, value: one });
  expect(checkNewEmailAddress(one).ok).toBe(false);
});
