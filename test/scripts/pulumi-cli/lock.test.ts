import { expect, test } from "@jest/globals";
import { describeLock } from "../../../scripts/pulumi-cli/lock.ts";

/** What the CLI prints when it is logged in to Pulumi Cloud, where `ada` is the default organization. */
const PRINTED: Readonly<Record<string, unknown>> = {
  whoami: { user: "ada", url: "https://app.pulumi.com/ada" },
  stack: [
    { name: "prod", url: "https://app.pulumi.com/ada/causeway/prod", updateInProgress: false },
    { name: "staging", url: "https://app.pulumi.com/ada/causeway/staging", updateInProgress: true },
    { name: "acme/prod", url: "https://app.pulumi.com/acme/causeway/prod", updateInProgress: true },
    { name: "acme/staging", url: "https://app.pulumi.com/acme/causeway/staging", updateInProgress: false },
  ],
};
const cli = {
  readGlobal: async ([command = ""]: readonly string[]) => ({ code: 0, output: JSON.stringify(PRINTED[command]) }),
};

test.each([
  ["prod", false],
  ["staging", true],
  ["ada/staging", true],
  ["ada/causeway/prod", false],
  ["acme/prod", true],
  ["acme/causeway/prod", true],
  ["acme/staging", false],
])("in Pulumi Cloud the lock of %s is that of its own organization: locked %s", async (stack, isLocked) => {
  expect((await describeLock(cli, stack)) !== undefined).toBe(isLocked);
});
