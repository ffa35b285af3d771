import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { publicError } from "../../../backend/contract/index.ts";
import { type ThrottleState, waitFor, withFailure } from "../../../backend/throttle/throttle.ts";
import { memoryThrottles } from "../../../backend/throttle/throttle-memory.ts";
import { ACCOUNT_RULE, createLoginThrottle, type LoginThrottle } from "../../../backend/users/login-throttle.ts";

const clock = { now: 1_790_000_000_000 };
const made = () => createLoginThrottle(memoryThrottles(), () => clock.now);
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
      await throttle.uncountTry(right);
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
    if ((await outcome(throttle.admit(own))) === "admitted") await throttle.uncountTry(own);
  }
  expect(guesses).toBeLessThan(80);
});

// half a million refusals: their stacks would be most of the work
const { stackTraceLimit } = Error;
beforeAll(() => {
  Error.stackTraceLimit = 0;
});
afterAll(() => {
  Error.stackTraceLimit = stackTraceLimit;
});

const SECOND = 1000;
const MINUTE = 60 * SECOND;
/** Seconds between two tries of each guesser. */
const STEP = 3;
const OWNED = "ada@example.org";

/** Where each of the 16 guessing networks asks from in a second of the hour; undefined where it does not ask. */
type Attack = (network: number, second: number) => string | undefined;
const ATTACKS: Readonly<Record<string, Attack>> = {
  "from blocks of their own": (network) => `2001:db8:${network + 1}:1::1`,
  "from 16 blocks in which they change the network all the time": (network, second) =>
    `198.51.${network}.${second % 256}`,
  "from one block": (network) => `2001:db8:1:${network}::1`,
  "from the block of the owner": (network) => `203.0.113.${network}`,
  "in bursts of a minute, with pauses": (network, second) =>
    second % 240 < 60 ? `2001:db8:${network + 1}:1::1` : undefined,
};

/**
 * Plays an hour in which 16 networks ask for one account every three seconds, each before its owner, who comes from
 * another new network every five minutes, with the right password, and comes back three seconds after the time that
 * was told.
 */
async function hour(attack: Attack, isOwnerThere: boolean, nodes: readonly LoginThrottle[] = [made()]) {
  const nodeOf = (number: number) => nodes[number % nodes.length] as LoginThrottle;
  const start = clock.now;
  let guesses = 0;
  const waits: number[] = [];
  let owner = { since: 0, askAt: 0, address: "" };
  for (let second = STEP; second <= 3600; second += STEP) {
    clock.now = start + second * SECOND;
    for (let network = 0; network < 16; network += 1) {
      const address = attack(network, second);
      if (address === undefined) continue;
      if ((await outcome(nodeOf(network).admit(attempt(OWNED, address)))) === "admitted") guesses += 1;
    }
    if (!isOwnerThere) continue;
    if (second % 300 === 0) owner = { since: clock.now, askAt: clock.now, address: `203.0.113.${100 + waits.length}` };
    if (owner.since === 0 || clock.now < owner.askAt) continue;
    const mine = attempt(OWNED, owner.address);
    const node = nodeOf(second / STEP);
    const told = await outcome(node.admit(mine));
    if (told === "admitted") {
      await node.uncountTry(mine);
      waits.push(clock.now - owner.since);
      owner = { ...owner, since: 0 };
    } else owner.askAt = clock.now + ((typeof told === "string" ? 0 : told.retryAfter) ?? 0) * SECOND + 3 * SECOND;
  }
  return { guesses, waits };
}

/**
 * Tries in an hour that the account's own waits let through from all networks together: what guessers had before there
 * were turns.
 */
function triesOfAnHour(): number {
  const start = clock.now;
  let account: ThrottleState | undefined;
  let tries = 0;
  for (let second = 1; second <= 3600; second += 1) {
    clock.now = start + second * SECOND;
    for (; waitFor(account, ACCOUNT_RULE, clock.now) === 0; tries += 1)
      account = withFailure(account, ACCOUNT_RULE, clock.now);
  }
  return tries;
}

test.each(Object.entries(ATTACKS))(
  "S6: 16 networks guess for an hour %s, and the owner signs in from new networks within a minute and a few seconds each time",
  async (_, attack) => {
    const before = triesOfAnHour();
    expect((await hour(attack, false)).guesses).toBeLessThanOrEqual(before);
    const { guesses, waits } = await hour(attack, true);
    // the one who comes with the last second may have no time left
    expect(waits.length).toBeGreaterThanOrEqual(11);
    expect(Math.max(...waits)).toBeLessThanOrEqual(MINUTE + 5 * SECOND);
    // a right password takes its try back, as ever: then one more opens
    expect(guesses).toBeLessThanOrEqual(before + waits.length);
  },
);

test("N11: with guessers on three nodes the owner waits no longer, and they have no more guesses", async () => {
  const nodes = () => {
    const shared = { ...memoryThrottles(), isShared: true };
    return Array.from({ length: 3 }, () => createLoginThrottle(shared, () => clock.now));
  };
  const attack = ATTACKS["from blocks of their own"] as Attack;
  expect((await hour(attack, false, nodes())).guesses).toBeLessThanOrEqual(triesOfAnHour());
  const { guesses, waits } = await hour(attack, true, nodes());
  expect(waits.length).toBeGreaterThanOrEqual(11);
  expect(Math.max(...waits)).toBeLessThanOrEqual(MINUTE + 5 * SECOND);
  expect(guesses).toBeLessThanOrEqual(triesOfAnHour() + waits.length);
});
