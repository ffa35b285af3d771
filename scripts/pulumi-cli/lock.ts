/** Whether another run works on the stack, or was killed while it did. */
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { CommandError } from "../command-line/index.ts";
import { type BackendCli, backendUrl, folderOf, projectName } from "./state-folder.ts";

/** @throws CommandError where another run works on the stack, as far as that can be seen */
export async function assertUnlocked(cli: BackendCli, stack: string): Promise<void> {
  const locked = await describeLock(cli, stack);
  if (locked === undefined) return;
  throw new CommandError(
    `The stack is locked by ${locked}. Wait until that run has ended; if it was killed, \`pulumi cancel --stack ` +
      `${stack}\`.`,
  );
}

/**
 * Returns who has locked the stack; undefined where it is not locked, or a lock cannot be seen: previews do not need to
 * know. Folders and Pulumi Cloud can be read; in other backends (S3 and the like) only a run that writes shows it.
 */
export async function describeLock(cli: BackendCli, stack: string): Promise<string | undefined> {
  const url = await backendUrl(cli);
  if (url === undefined) return undefined;
  const folder = folderOf(url);
  if (folder !== undefined) return describeFileLock(folder, await projectName(), stack.split("/").at(-1) ?? stack);
  return url.startsWith("https:") || url.startsWith("http:") ? describeCloudLock(cli, stack) : undefined;
}

interface LockFile {
  readonly pid?: number;
  readonly username?: string;
  readonly hostname?: string;
  readonly timestamp?: string;
}

/** `locks/organization/PROJECT/STACK/ID.json`, each written by the run that has the lock. */
async function describeFileLock(root: string, project: string, stack: string): Promise<string | undefined> {
  const folder = join(root, "locks", "organization", project, stack);
  const names = await readdir(folder).catch(() => []);
  const locks = await Promise.all(
    names
      .filter((name) => name.endsWith(".json"))
      .map(async (name) => {
        const text = await readFile(join(folder, name), "utf8").catch(() => "{}");
        const { pid, username, hostname, timestamp }: LockFile = JSON.parse(text || "{}");
        return `${username ?? "?"} on ${hostname ?? "?"} (process ${pid ?? "?"}, since ${timestamp ?? "?"})`;
      }),
  );
  return locks.length === 0 ? undefined : locks.join(", ");
}

/** As `pulumi stack ls --json` lists it. */
interface CloudStack {
  /** Without the organization where that is the CLI's default one, and without the project of this folder. */
  readonly name?: string;
  /** Ends with `/ORGANIZATION/PROJECT/STACK`. */
  readonly url?: string;
  readonly updateInProgress?: boolean;
}

async function describeCloudLock(cli: BackendCli, stack: string): Promise<string | undefined> {
  const { code, output } = await cli.readGlobal(["stack", "ls", "--json"]);
  if (code !== 0) return undefined;
  const stacks: readonly CloudStack[] = JSON.parse(output);
  const [organization = "", ...rest] = stack.split("/");
  const path = `/${organization}/${await projectName()}/${rest.at(-1)}`;
  const found = stacks.find(({ name, url }) => (rest.length === 0 ? name === stack : url?.endsWith(path)));
  return found?.updateInProgress ? "another run, in Pulumi Cloud" : undefined;
}
