// The policy's own stories hold, as `npm run rules -- test` runs them.
import { expect, jest, test } from "@jest/globals";
import { PLANS } from "../../../infra/rules/index.ts";
import { execute } from "../../../scripts/command-line/index.ts";
import { rulesCommands } from "../../../scripts/policy-commands/commands.ts";

test.each(PLANS)("every example and every story holds on %s", async (plan) => {
  const lines: string[] = [];
  const log = jest.spyOn(console, "log").mockImplementation((line) => void lines.push(String(line)));
  const status = await execute(rulesCommands, ["test", "--plan", plan]);
  log.mockRestore();
  expect(lines.filter((line) => line.startsWith("FAILED"))).toEqual([]);
  expect(status).toBe(0);
});
