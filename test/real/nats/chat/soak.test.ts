import { expect, test } from "@jest/globals";
import { ACCIDENTS } from "../../../bench/chat/soak/accidents.ts";
import { runSoak } from "../../../bench/chat/soak/run.ts";

/*
 * The short form of `npm run bench -- soak`. It asserts no time.
 */

test("three nodes lose, double and reorder nothing that was acknowledged, whatever happens to them", async () => {
  const progress: string[] = [];
  const result = await runSoak({
    ...{ seconds: 50, clients: 36, rate: 40, signal: new AbortController().signal },
    accidents: ACCIDENTS.filter(({ isInShort }) => isInShort),
    say: (line) => void progress.push(line),
  });
  expect({ problems: result.problems, progress }).toEqual({ problems: [], progress: expect.anything() });
  expect(result.acknowledged).toBeGreaterThan(500);
  expect(result.audit).toEqual({ stored: result.written, readOverApi: result.written });
});
