/** Where the Pulumi CLI is: named by PULUMI_BIN, on PATH outside the packages' own launchers, or else fetched. */
import { createRequire } from "node:module";
import { resolve } from "node:path";
import { isProgram, onPath } from "../on-path.ts";

const INSTALL = "https://www.pulumi.com/docs/install";

/** There is no CLI; the message says how to get one. */
export class NoPulumiError extends Error {
  override readonly name = "NoPulumiError";
}

/** The CLI's file on this machine, or else the one that the pinned npm package `pulumi` fetches on first use. @throws NoPulumiError */
export async function getPulumi(env: Readonly<Record<string, string | undefined>>): Promise<string> {
  return findPulumi(env) ?? (await fetchPulumi());
}

/** @throws NoPulumiError where PULUMI_BIN names something else */
function findPulumi(env: Readonly<Record<string, string | undefined>>): string | undefined {
  if (env.PULUMI_BIN) {
    const named = resolve(env.PULUMI_BIN);
    if (isProgram(named)) return named;
    throw new NoPulumiError(
      `PULUMI_BIN names ${named}, which is no program: name the Pulumi CLI's file there, or unset it. To install: ${INSTALL}`,
    );
  }
  return onPath([process.platform === "win32" ? "pulumi.exe" : "pulumi"], env.PATH);
}

/** The launcher's own way: a version already fetched is used again, whatever PULUMI_HOME a run of the CLI gets. */
async function fetchPulumi(): Promise<string> {
  const launcher: { resolve(): Promise<string> } = createRequire(import.meta.url)("pulumi/lib/resolve.js");
  try {
    return await launcher.resolve();
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new NoPulumiError(
      `There is no Pulumi CLI on PATH, and it could not be fetched (${reason}). Install it from ${INSTALL}, or name it in PULUMI_BIN.`,
    );
  }
}
