import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { CommandError } from "../command-line/index.ts";
import type { FileTexts } from "./changes.ts";

const BIOME = join(import.meta.dirname, "../../node_modules/.bin/biome");

/** The texts as `npm run format` leaves them: the names in a template decide where its lines break. */
export function formatTexts(root: string, texts: FileTexts): FileTexts {
  return new Map(
    [...texts].map(([path, text]) => [path, /\.(?:m?ts|md|json)$/.test(path) ? formatText(root, path, text) : text]),
  );
}

function formatText(root: string, path: string, text: string): string {
  // a copy of the project need not be a Git repository
  const args = ["check", "--write", "--vcs-enabled=false", `--stdin-file-path=${path}`];
  const { status, signal, stdout, stderr, error } = spawnSync(BIOME, args, {
    cwd: root,
    input: text,
    encoding: "utf8",
  });
  if (error !== undefined) throw error;
  if (signal !== null) throw new CommandError(`stopped by ${signal}. Nothing was done.`);
  if (status !== 0) throw new Error(`invariant: what was made for ${path} has mistakes:\n${stderr}`);
  return stdout;
}
