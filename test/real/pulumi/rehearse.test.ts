/** `npm run rehearse` as an operator runs it. */
import { spawn } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { expect, test } from "@jest/globals";
import { getPulumi } from "../../../scripts/pulumi-cli/find-cli.ts";
import { openStage } from "../../../scripts/rehearsal/stage.ts";

const root = resolve(import.meta.dirname, "../../..");

const INSTALL = "https://www.pulumi.com/docs/install";

/** Runs `npm run NAME -- ARGS` and returns what it wrote to both streams, in the order in which it arrived. */
function run(
  name: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv,
): Promise<{ code: number | null; text: string }> {
  return new Promise((done, failed) => {
    const child = spawn(process.execPath, ["scripts/run.mjs", name, ...args], { cwd: root, env });
    let text = "";
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding("utf8").on("data", (chunk) => (text += chunk));
    child.once("error", failed);
    child.once("close", (code) => done({ code, text }));
  });
}

test("every step comes out as it should", async () => {
  const { code, text } = await run("rehearse", [], process.env);
  expect(text).toContain("can be created, changed, repaired, rotated and taken down");
  expect(text.match(/^ok /gm)).toHaveLength(18);
  expect(code).toBe(0);
}, 600_000); // a whole life of a site, which takes 130 s on a quiet machine

test("without a CLI, where none can be fetched, it says where to get one", async () => {
  const { PULUMI_BIN: _, ...env } = process.env;
  // a version that was never released
  const envWithoutCli = { ...env, PATH: resolve(root, "node_modules/.bin"), PULUMI_VERSION: "0.0.0-none" };
  expect(await run("rehearse", [], envWithoutCli)).toEqual({ code: 1, text: expect.stringContaining(INSTALL) });
  const up = await run("up", ["--stack", "dev", "--yes"], envWithoutCli);
  expect(up).toEqual({ code: 1, text: expect.stringMatching(/^up: There is no Pulumi CLI on PATH.*docs\/install/m) });
});

test("a PULUMI_BIN that is no program is named, and nothing else is run instead", async () => {
  for (const wrong of ["/no/such/pulumi", root]) {
    const { code, text } = await run("rehearse", [], { ...process.env, PULUMI_BIN: wrong });
    expect([code, text]).toEqual([1, expect.stringContaining(`PULUMI_BIN names ${wrong}`)]);
    expect(text).not.toMatch(/^ {4}at /m);
  }
});

test("O17: a PULUMI_BIN that is another program is reported by every command", async () => {
  for (const name of ["rehearse", "preview", "up", "drift", "rotate", "down"]) {
    const args = [...(name === "rehearse" ? [] : ["--stack", "dev"]), ...(name === "up" ? ["--yes"] : [])];
    const { code, text } = await run(name, args, { ...process.env, PULUMI_BIN: "/bin/true" });
    const expected = name === "drift" ? 2 : 1;
    expect([name, code, text]).toEqual([name, expected, expect.stringContaining("is not the Pulumi CLI")]);
    expect(text).not.toMatch(/^ {4}at /m);
  }
});

test("a step that does not come out as it should ends it with 1", async () => {
  const folder = mkdtempSync(join(tmpdir(), "causeway-rehearse-"));
  const broken = join(folder, "pulumi");
  writeFileSync(broken, '#!/bin/sh\n[ "$1" = version ] && echo v3.300.0\n', { mode: 0o755 });
  const { code, text } = await run("rehearse", [], { ...process.env, PULUMI_BIN: broken });
  rmSync(folder, { recursive: true });
  expect([code, text]).toEqual([1, expect.stringMatching(/^FAILED .*start.*\n.*stack init/m)]);
  expect(text).not.toMatch(/^ {4}at /m);
});

test("P11: the plugin of the operator's Pulumi is used where it is installed", async () => {
  const home = mkdtempSync(join(tmpdir(), "causeway-home-"));
  const version = JSON.parse(readFileSync(join(root, "node_modules/@pulumi/cloudflare/package.json"), "utf8")).version;
  const plugin = join(home, "plugins", `resource-cloudflare-v${version}`);
  mkdirSync(plugin, { recursive: true });
  const program = join(plugin, "pulumi-resource-cloudflare");
  const started = join(home, "started");
  const command = [process.execPath, join(root, "test/real/pulumi/provider-plugin.ts")]
    .map((word) => `'${word}'`)
    .join(" ");
  writeFileSync(program, `#!/bin/sh\nPLUGIN_STARTED='${started}' exec ${command}\n`, { mode: 0o755 });
  const stage = await openStage(await getPulumi(process.env), { ...process.env, PULUMI_HOME: home });
  try {
    expect(stage.provider).toBe(`Cloudflare's provider ${version}`);
    expect(existsSync(started)).toBe(false);
    await stage.pulumiOk("up", "--yes", "--skip-preview");
    expect(existsSync(started)).toBe(true);
  } finally {
    await stage.close();
    rmSync(home, { recursive: true, force: true });
  }
});
