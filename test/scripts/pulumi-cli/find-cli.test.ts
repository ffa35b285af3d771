import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "@jest/globals";
import { assertLanguageHost, getPulumi } from "../../../scripts/pulumi-cli/find-cli.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "causeway-find-cli-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

/** A program that prints this when it is asked for its version. */
function program(printed: string, code = 0): string {
  const file = join(folder, "pulumi");
  writeFileSync(file, `#!/bin/sh\n[ "$1" = version ] && echo '${printed}'\nexit ${code}\n`, { mode: 0o755 });
  return file;
}

test("a CLI that is new enough is taken, from PULUMI_BIN and from PATH", async () => {
  const file = program("v3.208.0");
  expect(await getPulumi({ PULUMI_BIN: file })).toBe(file);
  expect(await getPulumi({ PATH: folder })).toBe(file);
});

test("the program that runs Node.js for the CLI is found beside it or on PATH, else the message has the remedy", () => {
  const file = program("v3.208.0");
  const remedy = `no pulumi-language-nodejs, neither on PATH nor beside ${file}: copy it`;
  expect(() => assertLanguageHost(file, { PATH: join(folder, "none") })).toThrow(remedy);
  writeFileSync(join(folder, "pulumi-language-nodejs"), "#!/bin/sh\n", { mode: 0o755 });
  assertLanguageHost(file, {});
  assertLanguageHost(process.execPath, { PATH: folder });
});

test.each(["v3.207.9", "v2.999.0", "v3.160.0-alpha.1"])(
  "O1: a CLI %s, which is too old for the commands, is refused, and the message says why",
  async (version) => {
    await expect(getPulumi({ PATH: folder, PULUMI_BIN: program(version) })).rejects.toThrow(
      /version \d+\.\d+\.\d+; 3\.208\.0 or newer is needed.*--run-program/,
    );
  },
);

test.each<[string, number]>([
  ["git version 2.39.5", 0],
  ["", 0],
  ["v3.300.0", 1],
])(
  "O17: a PULUMI_BIN that is another program (it prints %j, exit code %d) is refused with its name",
  async (printed, code) => {
    const file = program(printed, code);
    await expect(getPulumi({ PULUMI_BIN: file })).rejects.toThrow(
      `PULUMI_BIN names ${file}, which is not the Pulumi CLI`,
    );
  },
);
