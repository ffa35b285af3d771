import { resolve } from "node:path";

/** The folder of the project. */
export const ROOT = resolve(import.meta.dirname, "../..");

/** Major and minor version of the oldest Node.js that runs a bundle: the same as of the project (run.mjs). */
export const NEEDED_NODE: readonly [major: number, minor: number] = [24, 19];

/** A command that a bundle has. Its source is scripts/NAME.ts. */
export interface BundledCommand {
  readonly name: string;
  readonly summary: string;
}

/** What runs on a server, and what its operator needs there. */
export const COMMANDS: readonly BundledCommand[] = [
  { name: "backend", summary: "runs the backend" },
  { name: "connector", summary: "runs a connector for a tunnel" },
  { name: "ready", summary: "asks the backend of this machine whether it is ready" },
  { name: "user", summary: "shows users and sets their roles" },
  { name: "keys", summary: "changes the keys of the backend" },
  { name: "backup", summary: "copies the embedded database into one new file" },
  { name: "restore", summary: "puts a backup in the place of the embedded database" },
];
