/** Finds the Pulumi CLI: the one that PULUMI_BIN names, else the one on PATH, else one that is downloaded. */
import { spawn } from "node:child_process";
import { realpathSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join, resolve } from "node:path";
import { isProgram, onPath } from "../programs/on-path.ts";

const require = createRequire(import.meta.url);
const INSTALL = "https://www.pulumi.com/docs/install";

/**
 * The first version that has everything that the program and the commands use: the resource `Stash`. `--run-program`
 * of refresh and destroy is older (3.160).
 */
const OLDEST_VERSION = [3, 208, 0] as const;

/** Milliseconds that the CLI has to print its version; it does so without the network. */
const VERSION_TIMEOUT_MS = 60_000;

/** There is no CLI, or none that can be used; the message has how to get one. */
class NoPulumiError extends Error {
  override readonly name = "NoPulumiError";
}

/**
 * The CLI's file on this machine, or else the one that the pinned npm package `pulumi` fetches on first use. It is
 * known to be the Pulumi CLI, and new enough. @throws NoPulumiError
 */
export async function getPulumi(env: Readonly<Record<string, string | undefined>>): Promise<string> {
  const command = findPulumi(env) ?? (await fetchPulumi());
  await checkVersion(command, env.PULUMI_BIN ? "PULUMI_BIN names" : "There is");
  return command;
}

/**
 * The CLI runs a program of Node.js through this one, which comes with it; the CLI looks on PATH and in its own folder.
 * @throws NoPulumiError where it is in neither
 */
export function assertLanguageHost(command: string, env: Readonly<Record<string, string | undefined>>): void {
  const name = process.platform === "win32" ? "pulumi-language-nodejs.exe" : "pulumi-language-nodejs";
  const folder = dirname(realpathSync(command));
  if (onPath([name], env.PATH) !== undefined || isProgram(join(folder, name))) return;
  throw new NoPulumiError(
    `There is no ${name}, neither on PATH nor beside ${command}: copy it from Pulumi's archive into ${folder}. ` +
      `To install: ${INSTALL}`,
  );
}

/** @throws NoPulumiError where PULUMI_BIN names something else */
function findPulumi(env: Readonly<Record<string, string | undefined>>): string | undefined {
  if (env.PULUMI_BIN) {
    const named = resolve(env.PULUMI_BIN);
    if (isProgram(named)) return named;
    throw new NoPulumiError(
      `PULUMI_BIN names ${named}, which is no program: name the Pulumi CLI's file there, or unset it. To install: ` +
        `${INSTALL}`,
    );
  }
  return onPath([process.platform === "win32" ? "pulumi.exe" : "pulumi"], env.PATH);
}

/** Downloads the CLI as the npm package `pulumi` does; one that was downloaded before is used again. */
async function fetchPulumi(): Promise<string> {
  const launcher: { resolve(): Promise<string> } = require("pulumi/lib/resolve.js");
  try {
    return await launcher.resolve();
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new NoPulumiError(
      `There is no Pulumi CLI on PATH, and it could not be fetched (${reason}). Install it from ${INSTALL}, or name ` +
        "it in PULUMI_BIN.",
    );
  }
}

/** @throws NoPulumiError where the program is not the Pulumi CLI, or too old */
async function checkVersion(command: string, found: string): Promise<void> {
  const printed = await versionOf(command);
  const version = /^v?(\d+)\.(\d+)\.(\d+)/.exec(printed)?.slice(1).map(Number);
  if (version === undefined) {
    throw new NoPulumiError(
      `${found} ${command}, which is not the Pulumi CLI: \`${command} version\` printed ` +
        `${JSON.stringify(printed.slice(0, 60))}. ` +
        `Name the CLI's file in PULUMI_BIN, or unset it. To install: ${INSTALL}`,
    );
  }
  if (isOlder(version, OLDEST_VERSION)) {
    throw new NoPulumiError(
      `${found} ${command}, version ${version.join(".")}; ${OLDEST_VERSION.join(".")} or newer is needed ` +
        `(\`--run-program\`, \`Stash\`). Update it (${INSTALL}), or remove it: the commands then fetch the ` +
        "version that they were tested with.",
    );
  }
}

function isOlder(version: readonly number[], oldest: readonly number[]): boolean {
  const at = oldest.findIndex((part, index) => part !== version[index]);
  return at !== -1 && (version[at] ?? 0) < (oldest[at] ?? 0);
}

/** What `pulumi version` prints; what went wrong where it does not. */
function versionOf(command: string): Promise<string> {
  return new Promise((settle) => {
    const child = spawn(command, ["version"], { stdio: ["ignore", "pipe", "ignore"], timeout: VERSION_TIMEOUT_MS });
    let text = "";
    child.stdout.setEncoding("utf8").on("data", (chunk: string) => {
      if (text.length < 1_000) text += chunk;
    });
    child.once("error", (error) => settle(error.message));
    child.once("close", (code) => settle(code === 0 ? text.trim() : `exit code ${code}: ${text.trim()}`));
  });
}
