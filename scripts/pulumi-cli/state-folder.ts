/** The folder of a Pulumi backend of the kind `file://`, which `pulumi login --local` makes. */
import { readdir, readFile, rm, stat } from "node:fs/promises";
import { userInfo } from "node:os";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

/** The part of the CLI that is needed to find its backend. */
export interface BackendCli {
  readGlobal(args: readonly string[]): Promise<{ readonly code: number; readonly output: string }>;
}

/** The address of the backend that the CLI is logged in to; undefined where it is not, or does not print it. */
export async function backendUrl(cli: BackendCli): Promise<string | undefined> {
  const { code, output } = await cli.readGlobal(["whoami", "--json"]);
  if (code !== 0) return undefined;
  const { url }: { readonly url?: unknown } = JSON.parse(output);
  return typeof url === "string" ? url : undefined;
}

/**
 * The folder `.pulumi` of a backend; undefined where it is not a folder. The CLI prints `file://~` after `pulumi login
 * --local`, and takes `file://./state`: neither is a URL that Node.js can read. Its home folder is that of the user
 * database, whatever `HOME` says.
 */
export function folderOf(url: string): string | undefined {
  if (!url.startsWith("file:")) return undefined;
  const [, home, below = ""] = /^file:\/\/(~|\.{1,2})(\/.*)?$/.exec(url) ?? [];
  if (home === undefined) return join(fileURLToPath(url), ".pulumi");
  return join(home === "~" ? userInfo().homedir : resolve(home), below, ".pulumi");
}

/** The project of the folder that the command runs in. */
export async function projectName(): Promise<string> {
  const text = await readFile("Pulumi.yaml", "utf8").catch(() => "");
  return /^name:\s*["']?([\w.-]+)/m.exec(text)?.[1] ?? "";
}

/**
 * Removes the empty `.attrs` files beside the states of this project, and returns them. The CLI writes such a file,
 * with content type and checksum, beside each file; it truncates it first. Killed in between, it leaves an empty one,
 * and then fails for ever with `EOF`. It reads a state without one as well.
 */
export async function removeEmptyAttributes(cli: BackendCli): Promise<readonly string[]> {
  const url = await backendUrl(cli);
  const root = url === undefined ? undefined : folderOf(url);
  if (root === undefined) return [];
  const folder = join(root, "stacks", await projectName());
  const files = (await readdir(folder).catch(() => []))
    .filter((name) => name.endsWith(".attrs"))
    .map((name) => join(folder, name));
  const removed: string[] = [];
  for (const file of files) {
    if ((await stat(file)).size > 0) continue;
    await rm(file, { force: true });
    removed.push(file);
  }
  return removed;
}
