import { rmSync } from "node:fs";
import {
  chmod,
  constants,
  copyFile,
  mkdir,
  mkdtemp,
  readdir,
  rename,
  rm,
  rmdir,
  stat,
  writeFile,
} from "node:fs/promises";
import { dirname, join } from "node:path";
import { UsageError } from "../command-line/index.ts";
import type { BundleFile } from "./bundle-file.ts";

/**
 * Refuses a folder that a bundle cannot be written into.
 * @throws UsageError where it has files, is no folder, or is in a folder that does not exist
 */
export async function refuseUsedFolder(folder: string): Promise<void> {
  const parent = dirname(folder);
  const names = await readdir(folder).catch(({ code }: NodeJS.ErrnoException) => code);
  if (names === "ENOTDIR") throw new UsageError(`${folder} is a file. Name a folder with --into.`);
  if (names === "ENOENT") {
    if ((await stat(parent).catch(() => undefined))?.isDirectory()) return;
    throw new UsageError(`${parent} is no folder, so ${folder} cannot be made in it. Make it first.`);
  }
  if (!Array.isArray(names))
    throw new UsageError(`${folder} cannot be read (${names}). Name another folder with --into.`);
  if (names.length > 0) throw notEmpty(folder);
}

function notEmpty(folder: string): UsageError {
  return new UsageError(`${folder} is not empty, and was left alone. Remove it, or name another folder with --into.`);
}

/**
 * Writes files into a new folder. It appears under its name when it is whole. Where that fails, where the signal is
 * aborted before, and where this process exits, nothing stays behind.
 * @throws UsageError where the folder has got files meanwhile; the signal's reason
 */
export async function writeFolder(folder: string, files: readonly BundleFile[], signal: AbortSignal): Promise<void> {
  const draft = await mkdtemp(join(dirname(folder), ".causeway-bundle-"));
  const removeDraft = () => rmSync(draft, { recursive: true, force: true });
  process.once("exit", removeDraft);
  try {
    for (const file of files) {
      signal.throwIfAborted();
      await writeOne(draft, file);
    }
    await chmod(draft, 0o755);
    signal.throwIfAborted();
    await rmdir(folder).catch(({ code }: NodeJS.ErrnoException) => {
      if (code !== "ENOENT") throw notEmpty(folder);
    });
    await rename(draft, folder);
  } finally {
    process.off("exit", removeDraft);
    await rm(draft, { recursive: true, force: true });
  }
}

/** Users other than the one who makes the bundle run it, whatever the umask is. */
async function writeOne(folder: string, { path, content, isExecutable }: BundleFile): Promise<void> {
  const file = join(folder, path);
  await mkdir(dirname(file), { recursive: true });
  if (dirname(file) !== folder) await chmod(dirname(file), 0o755);
  if (typeof content === "object" && "copyOf" in content)
    await copyFile(content.copyOf, file, constants.COPYFILE_FICLONE);
  else await writeFile(file, content);
  await chmod(file, isExecutable ? 0o755 : 0o644);
}
