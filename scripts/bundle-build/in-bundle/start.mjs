// The start of a bundle: `node causeway.mjs COMMAND [argument ...]`. It also runs on a Node.js that is too old for the
// program, to say so.
import { mkdirSync, statSync } from "node:fs";
import * as module from "node:module";
import { homedir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { backendFlags, missingFlags, startAnew } from "../../programs/backend-flags.mjs";

/** What esbuild puts in the place of `BUNDLE`: `startFile` in ../bundle-files.ts. */
const { version, neededNode, commands, files } = BUNDLE;
const folder = new URL(".", import.meta.url);
const [name, ...args] = process.argv.slice(2);

if (name === "--version" && args.length === 0) {
  console.log(version);
} else if ((name === "--help" || name === "-h") && args.length === 0) {
  console.log(help());
} else if (name === undefined) {
  refuse(2, help());
} else if (!commands.some((command) => command.name === name)) {
  refuse(2, `causeway: there is no command "${name.slice(0, 60)}". See: causeway --help`);
} else if (!isNewEnough(process.versions.node)) {
  refuse(
    1,
    `causeway: ${version} needs Node.js ${neededNode.join(".")} or newer; this is ${process.versions.node} ` +
      `(${process.execPath}). Install Node.js 26 from https://nodejs.org, or make the bundle with --with-node.`,
  );
} else {
  const damaged = files.find(([file, size]) => sizeOf(file) !== size);
  if (damaged === undefined) run();
  else refuse(1, damage(damaged));
}

function help() {
  const width = Math.max(...commands.map((command) => command.name.length));
  const lines = commands.map((command) => `  ${command.name.padEnd(width)}  ${command.summary}`);
  return [
    "Usage: causeway <command> [argument ...]\n",
    `${version}, with Node.js ${process.versions.node}.\n`,
    "Commands:",
    ...lines,
    "\nOptions:",
    "  --version   shows the version",
    "  -h, --help  shows this page; after a command, the page of the command",
    "\nExit codes: 0 done; 1 it failed; 2 wrong use.",
  ].join("\n");
}

function isNewEnough(node) {
  const [major, minor] = node.split(".").map(Number);
  return major > neededNode[0] || (major === neededNode[0] && minor >= neededNode[1]);
}

function sizeOf(file) {
  const stat = statSync(new URL(file, folder), { throwIfNoEntry: false });
  return stat === undefined ? undefined : stat.size;
}

function damage([file, size]) {
  const found = sizeOf(file);
  const problem = found === undefined ? "is missing" : `has ${found} bytes instead of ${size}`;
  const path = fileURLToPath(new URL(file, folder));
  return `causeway: this bundle is not whole: ${path} ${problem}. Copy the folder again.`;
}

function refuse(code, message) {
  console.error(message);
  process.exitCode = code;
}

function run() {
  if (name === "backend") startAnew(missingFlags(backendFlags(), process.execArgv, process.env.NODE_OPTIONS));
  keepCompiled();
  process.argv.splice(1, 2, name);
  import(new URL(`program/${name}.mjs`, folder).href);
}

/**
 * Keeps what Node.js compiles for the next start, which takes a sixth less CPU then. Code is run from that folder, so
 * it must be one that no other user can write to; without one nothing is kept.
 */
function keepCompiled() {
  if (process.env.NODE_COMPILE_CACHE !== undefined || process.getuid === undefined) return;
  const cache = join(process.env.XDG_CACHE_HOME || join(homedir(), ".cache"), "causeway");
  try {
    mkdirSync(cache, { recursive: true, mode: 0o700 });
    const { uid, mode } = statSync(cache);
    if (uid === process.getuid() && (mode & 0o022) === 0) module.enableCompileCache(cache);
  } catch {
    // a user without a home, for one
  }
}
