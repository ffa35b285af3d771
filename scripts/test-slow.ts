import { command, givenOptions, runCommand } from "./command-line/index.ts";
import { assertRunBy, PASSED_TO_JEST, runJest, TEST_ARGUMENTS, TEST_OPTIONS } from "./programs/jest.ts";

// these come after the paths: Jest reads arguments that follow such an option as more of its values
const SLOW = ["--testPathIgnorePatterns=/node_modules/", "--testMatch=<rootDir>/test/slow/**/*.test.ts"];
/** Milliseconds for one test. It ends a test that hangs: on a busy machine no test needs a quarter of it. */
const TEST_TIMEOUT = "--testTimeout=300000";

await runCommand(
  command({
    name: "test:slow",
    summary: "Runs the tests that need nothing but npm, and too long for every day.",
    arguments: TEST_ARGUMENTS,
    options: TEST_OPTIONS,
    passThrough: PASSED_TO_JEST,
    failure: "a test failed, or there is no such test",
    examples: ["", "test/slow/scripts -t signal"],
    run({ args, options, passThrough }) {
      assertRunBy("test:slow", args.path);
      return runJest([...args.path, TEST_TIMEOUT, ...givenOptions(TEST_OPTIONS, options), ...passThrough, ...SLOW]);
    },
  }),
);
