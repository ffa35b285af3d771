/** `npm run rehearse` as an operator runs it. */
import { spawn } from "node:child_process";
import { resolve } from "node:path";
import { expect, test } from "@jest/globals";

const root = resolve(import.meta.dirname, "../../..");

/** Runs the command and gives what it wrote, both streams in the order it came. */
function rehearse(env: NodeJS.ProcessEnv): Promise<{ code: number | null; text: string }> {
  return new Promise((done, failed) => {
    const child = spawn(process.execPath, ["scripts/run.mjs", "rehearse"], { cwd: root, env });
    let text = "";
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding("utf8").on("data", (chunk) => (text += chunk));
    child.once("error", failed);
    child.once("close", (code) => done({ code, text }));
  });
}

test("every step comes out as it should", async () => {
  const { code, text } = await rehearse(process.env);
  expect(text).toContain("can be created, changed, repaired, rotated and destroyed");
  expect(text.match(/^ok /gm)).toHaveLength(13);
  expect(code).toBe(0);
}, 300_000);

test("without a CLI it says where to get one", async () => {
  const { PULUMI_BIN: _, ...env } = process.env;
  const { code, text } = await rehearse({ ...env, PATH: resolve(root, "node_modules/.bin") });
  expect([code, text]).toEqual([1, expect.stringContaining("https://www.pulumi.com/docs/install")]);
});
