import { execFile } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { ROOT } from "./facts.ts";

/** What a bundle was made of. */
export interface Version {
  /** As in package.json. */
  readonly number: string;
  /** For people: with the commit, and whether files differ from it, where Git is there. */
  readonly text: string;
}

export async function readVersion(): Promise<Version> {
  const { version: number } = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8"));
  const commit = await readCommit();
  return { number, text: `Causeway ${number}${commit === undefined ? "" : ` (${commit})`}` };
}

/** Undefined where the project is in no repository of its own, or Git is not installed. */
async function readCommit(): Promise<string | undefined> {
  const folder = join(ROOT, ".git");
  if (!existsSync(folder)) return undefined;
  const args = [`--git-dir=${folder}`, `--work-tree=${ROOT}`, "describe", "--always", "--dirty", "--exclude=*"];
  const result = await promisify(execFile)("git", args).catch(() => undefined);
  return result?.stdout.trim() || undefined;
}
