import { execFile } from "node:child_process";
import { access, constants } from "node:fs/promises";
import { delimiter, join } from "node:path";
import { ConnectorProblem } from "./problem.ts";

/** A cloudflared on this machine. */
export interface CloudflaredBinary {
  readonly file: string;
  /** As in `2026.8.2`. */
  readonly version: string;
}

/** The first release that reads a token from a file and pushes configurations as this kit expects. */
const OLDEST_VERSION = [2025, 4, 0] as const;

/**
 * Finds cloudflared: the one that CLOUDFLARED_BIN names, or the first on PATH; undefined where there is none.
 *
 * @throws ConnectorProblem for a cloudflared that does not run or is too old
 */
export async function findCloudflared(env: NodeJS.ProcessEnv): Promise<CloudflaredBinary | undefined> {
  const named = env.CLOUDFLARED_BIN;
  const file = named || (await findOnPath(env.PATH ?? ""));
  if (!file) return undefined;
  const version = await versionOf(file);
  if (version === undefined) {
    throw new ConnectorProblem(
      "BAD_BINARY",
      `${file}${named ? ", named by CLOUDFLARED_BIN," : ""} does not run as cloudflared. Install it again, or name ` +
        "another with CLOUDFLARED_BIN.",
    );
  }
  if (isTooOld(version)) {
    throw new ConnectorProblem(
      "BAD_BINARY",
      `${file} is cloudflared ${version}; ${OLDEST_VERSION.join(".")} or newer is needed. Update it: ` +
        "https://developers.cloudflare.com/cloudflare-one/networks/connectors/cloudflare-tunnel/downloads/",
    );
  }
  return { file, version };
}

async function findOnPath(path: string): Promise<string | undefined> {
  const names = process.platform === "win32" ? ["cloudflared.exe"] : ["cloudflared"];
  // An npm package of this name puts a launcher into node_modules that downloads cloudflared: it is ignored.
  const folders = path.split(delimiter).filter((folder) => folder !== "" && !folder.includes("node_modules"));
  for (const folder of folders) {
    for (const name of names) {
      const file = join(folder, name);
      if (
        await access(file, constants.X_OK).then(
          () => true,
          () => false,
        )
      )
        return file;
    }
  }
  return undefined;
}

function versionOf(file: string): Promise<string | undefined> {
  return new Promise((resolve) => {
    execFile(file, ["--version"], { timeout: 10_000, env: {}, windowsHide: true }, (error, stdout) => {
      resolve(error ? undefined : /cloudflared version (\S+)/.exec(stdout)?.[1]);
    });
  });
}

/** A version that is not a date, such as `DEV` of a build from source, counts as new enough. */
function isTooOld(version: string): boolean {
  const parts = /^(\d{4})\.(\d+)\.(\d+)/.exec(version)?.slice(1).map(Number);
  if (!parts) return false;
  const at = OLDEST_VERSION.findIndex((part, index) => part !== parts[index]);
  return at >= 0 && (parts[at] ?? 0) < (OLDEST_VERSION[at] ?? 0);
}
