/**
 * A copy of the folder of an operator's stage, with an API of its own: what is at Cloudflare and in Pulumi's states,
 * without connectors. Commands in it change nothing of the stage.
 */
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join, resolve } from "node:path";
import { startApi } from "../../../infra/local/api/index.ts";
import type { PulumiRun } from "../../../scripts/pulumi-cli/workspace.ts";
import { CLOUD_FILE, runNode } from "./operator-stage.ts";

const COMMANDS = resolve(import.meta.dirname, "../../../scripts/run.mjs");
/** Of the connectors that run in the stage: its commands would stop them. */
const NOT_COPIED = new Set(["data", "certificates"]);
const STATES = "state/.pulumi/stacks/causeway";

/** Copies the folder. */
export function copyStage(from: string): string {
  const dir = mkdtempSync(join(tmpdir(), "causeway-copy-"));
  cpSync(from, dir, { recursive: true, verbatimSymlinks: true, filter: (path) => !NOT_COPIED.has(basename(path)) });
  return dir;
}

/** Runs `npm run NAME -- --stack STACK ...` in the copy. A command that deletes what it has just written fails. */
export async function runInCopy(
  dir: string,
  environment: NodeJS.ProcessEnv,
  [stack, name, ...args]: readonly [stack: string, name: string, ...args: readonly string[]],
): Promise<PulumiRun> {
  const api = await startApi({ file: join(dir, CLOUD_FILE) });
  for (const file of readdirSync(dir).filter((entry) => /^Pulumi\..+\.yaml$/.test(entry))) {
    const text = readFileSync(join(dir, file), "utf8");
    writeFileSync(join(dir, file), text.replace(/http:\/\/127\.0\.0\.1:\d+\/client\/v4/, api.url));
  }
  const env = {
    ...environment,
    DATA_DIR: join(dir, "data"),
    PULUMI_BACKEND_URL: `file://${dir}/state`,
    PULUMI_HOME: join(dir, "home"),
  };
  try {
    return await api.run(name, () => runNode([COMMANDS, name, "--stack", stack, ...args], { cwd: dir, env }));
  } finally {
    await api.close();
  }
}

export const removeCopy = (dir: string): void => rmSync(dir, { recursive: true });

/** Everything that stacks have at Cloudflare, by their marks; of all stacks where none is named. */
export function thingsOf(dir: string, stacks?: readonly string[]): readonly unknown[] {
  const { zones, tunnels, accounts } = JSON.parse(readFileSync(join(dir, CLOUD_FILE), "utf8"));
  const { apps = [], policies = [], service_tokens: tokens = [] } = accounts[0].access ?? {};
  const live = tunnels.filter(({ deleted_at }: { deleted_at: unknown }) => deleted_at === null);
  const all: readonly unknown[] = [...zones[0].records, ...zones[0].rulesets, ...live, ...apps, ...policies, ...tokens];
  const isOf = (thing: unknown, stack: string) => JSON.stringify(thing).includes(`causeway causeway/${stack}`);
  return stacks === undefined ? all : all.filter((thing) => stacks.some((stack) => isOf(thing, stack)));
}

/** What Pulumi has stored of a stack. */
export const storedState = (dir: string, stack: string): string =>
  readFileSync(join(dir, STATES, `${stack}.json`), "utf8");

/** Removes what Pulumi has stored of a stack, as a disk does that is lost. */
export function loseState(dir: string, stack: string): void {
  for (const suffix of ["", ".attrs", ".bak", ".bak.attrs"]) {
    rmSync(join(dir, STATES, `${stack}.json${suffix}`), { force: true });
  }
}
