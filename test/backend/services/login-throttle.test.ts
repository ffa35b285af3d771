import { expect, test } from "@jest/globals";
import { publicError } from "../../../backend/contract/index.ts";
import { createLoginThrottle } from "../../../backend/services/login-throttle.ts";

const clock = { now: 1_790_000_000_000 };
const made = () => createLoginThrottle(() => clock.now);
const attempt = (account: string, address: string) => ({ account, address, isFamiliar: async () => false });
const outcome = (admitted: Promise<void>) => admitted.then(() => "admitted", publicError);

test("one place that tries one password on many accounts is slowed down, and no other place", async () => {
  const throttle = made();
  for (let n = 0; n <= 50; n += 1) await throttle.admit(attempt(`n${n}@example.org`, `2001:db8:1:1::${n}`));
  const next = attempt("next@example.org", "2001:db8:1:1::ffff");
  expect(await outcome(throttle.admit(next))).toMatchObject({ code: "RATE_LIMITED", retryAfter: 1 });
  expect(await outcome(throttle.admit(attempt("next@example.org", "2001:db8:1:2::1")))).toBe("admitted");
  clock.now += 1000;
  expect(await outcome(throttle.admit(next))).toBe("admitted");
});

test("who signs in rightly is slowed down by nothing: a school behind one address, a user at many", async () => {
  const throttle = made();
  for (let n = 0; n < 200; n += 1) {
    for (const right of [attempt(`n${n}@example.org`, "192.0.2.1"), attempt("ada@example.org", `198.51.100.${n}`)]) {
      expect(await outcome(throttle.admit(right))).toBe("admitted");
      throttle.succeeded(right);
    }
  }
});

test("signing in to an account of one's own between guesses makes them no faster", async () => {
  const throttle = made();
  let guesses = 0;
  for (let second = 0; second < 3600; second += 1) {
    clock.now += 1000;
    const guess = attempt(`n${second}@example.org`, "203.0.113.1");
    if ((await outcome(throttle.admit(guess))) === "admitted") guesses += 1;
    const own = attempt("eve@example.org", "203.0.113.1");
    if ((await outcome(throttle.admit(own))) === "admitted") throttle.succeeded(own);
  }
  expect(guesses).toBeLessThan(80);
});
