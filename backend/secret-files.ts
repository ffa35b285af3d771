import { closeSync, constants, fstatSync, openSync, readFileSync } from "node:fs";

/**
 * Variables with secrets. Each may be in a file, which `NAME_FILE` names: the credentials of a systemd unit, and the
 * secrets of Compose and Kubernetes, are files.
 */
const SECRETS = ["DATABASE_URL", "MAIL_URL", "NATS_URL", "NODE_SECRET", "NODE_SECRET_ACCEPTED"] as const;

const MAX_FILE_BYTES = 16 * 1024;

/** The environment of a process. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** The environment with the secrets of the files that it names. Adds a line to `problems` for each that has none. */
export function withSecretFiles(env: Environment, problems: string[]): Environment {
  const secrets: Record<string, string> = {};
  for (const name of SECRETS) {
    const file = env[`${name}_FILE`]?.trim();
    if (!file) continue;
    try {
      if (env[name]?.trim()) throw new Error(`${name} is set as well: unset one of the two`);
      secrets[name] = readSecret(file);
    } catch (error) {
      problems.push(`${name}_FILE must be the file of a secret: ${error instanceof Error ? error.message : error}.`);
    }
  }
  return { ...env, ...secrets };
}

/**
 * The mode of a file that other users can read or change, such as `0644`; undefined where they cannot. Its group may
 * read it. Windows has no permission bits.
 */
export function modeOpenToOthers({ mode }: { readonly mode: number }): string | undefined {
  if (process.platform === "win32" || (mode & 0o037) === 0) return undefined;
  return (mode & 0o777).toString(8).padStart(4, "0");
}

function readSecret(file: string): string {
  const handle = openSync(file, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    const stat = fstatSync(handle);
    if (!stat.isFile()) throw new Error(`${file} is not a file`);
    if (stat.size > MAX_FILE_BYTES) throw new Error(`${file} has ${stat.size} bytes, more than ${MAX_FILE_BYTES}`);
    const mode = modeOpenToOthers(stat);
    if (mode !== undefined) {
      throw new Error(
        `${file} has mode ${mode}, so that other users of this machine can read or change it; it must be for its ` +
          "owner, and at most readable for its group: chmod 600",
      );
    }
    const secret = readFileSync(handle, "utf8").trim();
    if (secret === "") throw new Error(`${file} is empty`);
    return secret;
  } finally {
    closeSync(handle);
  }
}
