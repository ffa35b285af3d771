import { expect, test } from "@jest/globals";
import { hasColors } from "../../../scripts/command-line/index.ts";

test.each([
  [true, {}, true],
  [true, { NO_COLOR: "" }, true],
  [true, { NO_COLOR: "1" }, false],
  [true, { NO_COLOR: "0" }, false],
  [false, {}, false],
])("terminal %p with %j: colours %p", (isTTY, env, colors) => {
  expect(hasColors({ isTTY }, env)).toBe(colors);
});
