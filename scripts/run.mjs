// Every npm script starts here: `node scripts/run.mjs NAME [argument ...]`. Plain JavaScript, so that a Node.js that is
// too old to load TypeScript can hand over to the one that `npm ci` brought, or print what is missing.
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import * as module from "node:module";
import { constants } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

const folder = dirname(fileURLToPath(import.meta.url));
const packages = join(folder, "..", "node_modules");
const needed = [24, 19];
const [major, minor] = process.versions.node.split(".").map(Number);
const [name = "", ...args] = process.argv.slice(2);
const script = join(folder, `${name}.ts`);
const isNewEnough = major > needed[0] || (major === needed[0] && minor >= needed[1]);

if (!/^[a-z-]+$/.test(name) || !existsSync(script)) {
  console.error(`There is no command "${name}". \`npm run\` lists the commands.`);
  process.exitCode = 2;
} else if (isNewEnough && !existsSync(packages)) {
  console.error(`The packages are not installed (${packages} is missing): run \`npm ci\` first.`);
  process.exitCode = 1;
} else if (isNewEnough) {
  if (name === "backend") {
    const { startAnew } = await import("./programs/backend-flags.mjs");
    startAnew(await flagsOf(name));
  }
  // Keeps compiled code on the disk for this process, its threads and the processes that it starts: the Pulumi program
  // and its packages then load in half the time.
  process.env.NODE_COMPILE_CACHE ??= join(packages, ".cache", "node");
  module.enableCompileCache(process.env.NODE_COMPILE_CACHE);
  // Hides one warning: Node.js calls the stripping of types experimental, and the whole project depends on it.
  const { emitWarning } = process;
  process.emitWarning = (warning, ...rest) => {
    if (!String(warning).startsWith("stripTypeScriptTypes")) emitWarning.call(process, warning, ...rest);
  };
  process.argv.splice(1, process.argv.length - 1, name, ...args);
  await import(pathToFileURL(script).href);
} else {
  // npm links it as node_modules/.bin/node, which its scripts find first; some versions of npm leave the link out
  const platform = process.platform === "win32" ? "win" : process.platform;
  const brought = [`node-${platform}-${process.arch}`, `node-bin-${platform}-${process.arch}`]
    .map((brought) => join(packages, brought, "bin", process.platform === "win32" ? "node.exe" : "node"))
    .find((file) => existsSync(file));
  if (brought === undefined) {
    console.error(
      `Causeway needs Node.js ${needed.join(".")} or newer; this is ${process.versions.node} (${process.execPath}).\n` +
        "`npm ci` brings one along on Linux (x64, arm64), macOS and Windows (x64). Elsewhere install Node.js 26 " +
        "from\n" +
        "https://nodejs.org and try again.",
    );
    process.exit(1);
  }
  handOver(brought, await flagsOf(name));
}

/** Flags of V8 that this process does not have and the command runs best with. */
async function flagsOf(command) {
  if (command !== "backend") return [];
  const { backendFlags, missingFlags } = await import("./programs/backend-flags.mjs");
  return missingFlags(backendFlags(), process.execArgv, process.env.NODE_OPTIONS);
}

/**
 * Runs the same script with another Node.js, passes signals on to it, and ends with its exit code. The child gets the
 * launcher's process id: it ends as well when the launcher is killed (command-line/parents.ts).
 */
function handOver(node, flags) {
  let child;
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, () => child?.kill(signal));
  child = spawn(node, [...flags, ...process.argv.slice(1)], {
    stdio: "inherit",
    env: {
      ...process.env,
      PATH: [dirname(node), process.env.PATH].join(delimiter),
      CAUSEWAY_LAUNCHER_PID: String(process.pid),
    },
  });
  child.on("exit", (code, signal) => process.exit(code ?? 128 + constants.signals[signal]));
}
