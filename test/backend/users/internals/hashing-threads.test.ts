import { readdirSync, readFileSync } from "node:fs";
import { constants, getPriority } from "node:os";
import { expect, test } from "@jest/globals";
import { lowerHashingPriority } from "../../../../backend/users/internals/hashing-threads.ts";
import { hashPassword } from "../../../../backend/users/password.ts";
import { CHEAP_HASHES } from "../../test-modules.ts";

/** The priorities of this process's threads whose name says whether they hash. */
function priorities(hashing: boolean): number[] {
  const threads = process.platform === "linux" ? readdirSync("/proc/self/task") : [];
  return threads
    .filter((one) => readFileSync(`/proc/self/task/${one}/comm`, "utf8").startsWith("libuv-worker") === hashing)
    .map((one) => getPriority(Number(one)));
}

test("H6: libuv of Node.js 26 names its threads, so that those that hash let the one that responds go first", async () => {
  await hashPassword("correct horse battery", CHEAP_HASHES);
  const before = priorities(false);
  lowerHashingPriority();
  const below = priorities(true);
  expect(below).toEqual(below.map(() => constants.priority.PRIORITY_BELOW_NORMAL));
  expect(below.length > 0).toBe(process.platform === "linux");
  expect(priorities(false)).toEqual(before);
});
