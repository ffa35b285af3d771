import { expect, test } from "@jest/globals";
import { LINK_LIFE_MS, mailPause, mailTokenHash, newMailToken } from "../../../backend/users/mail-token.ts";

const MINUTE = 60_000;

test("a token has 256 random bits, and its hash is not it", () => {
  const { token, hash } = newMailToken();
  expect(Buffer.from(token, "base64url")).toHaveLength(32);
  expect(mailTokenHash(token)).toBe(hash);
  expect(hash).not.toContain(token);
  expect(newMailToken().token).not.toBe(token);
});

test("a request every minute for a day causes about thirty mails, and one of them always has a valid link", () => {
  let history: { issuedAt: number; issues: number } | undefined;
  let mails = 0;
  for (let now = 1; now < 24 * 60 * MINUTE; now += MINUTE) {
    if (mailPause(history, now) === 0) {
      history = { issuedAt: now, issues: (history?.issues ?? 0) + 1 };
      mails += 1;
    }
    expect(now - (history?.issuedAt ?? 0)).toBeLessThan(LINK_LIFE_MS.reset);
  }
  expect(mails).toBeGreaterThan(24);
  expect(mails).toBeLessThan(35);
});
