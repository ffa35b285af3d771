import { command, givenOptions, runCommand } from "./command-line/index.ts";
import { assertRunBy, PASSED_TO_JEST, runJest, TEST_ARGUMENTS, TEST_OPTIONS } from "./programs/jest.ts";

await runCommand(
  command({
    name: "test",
    summary: "Runs the tests that need nothing but npm.",
    arguments: TEST_ARGUMENTS,
    options: TEST_OPTIONS,
    passThrough: PASSED_TO_JEST,
    failure: "a test failed, or there is no such test",
    examples: ["test/scripts/run.test.ts -t N4", "test/infra -- --coverage"],
    run({ args, options, passThrough }) {
      assertRunBy("test", args.path);
      return runJest([...args.path, ...givenOptions(TEST_OPTIONS, options), ...passThrough]);
    },
  }),
);
