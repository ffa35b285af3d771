/** Writes new files and changes of files, all of them or none. */
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { setImmediate as turnOfEventLoop } from "node:timers/promises";
import { CommandError, endRequestedBy, messageOf } from "../command-line/index.ts";

/** Texts of files by their paths from the project's folder. */
export type FileTexts = ReadonlyMap<string, string>;

export interface ProjectChanges {
  /** Files that must not exist yet. */
  readonly added: FileTexts;
  /** Files that exist, with their new texts. */
  readonly changed: FileTexts;
}

/**
 * Writes the changes. A signal that asks to end waits until all is written, or stops the command before anything is.
 * After an error the files are as they were before.
 * @throws CommandError where a file exists already, cannot be written, or the command was asked to end
 */
export async function writeChanges(root: string, { added, changed }: ProjectChanges): Promise<void> {
  const existing = [...added.keys()].filter((path) => existsSync(join(root, path)));
  if (existing.length > 0) {
    throw new CommandError(
      `these files exist already, and none is overwritten: ${existing.join(", ")}. Nothing was done.`,
    );
  }
  // A signal that came meanwhile is handled here. The writing below is synchronous, so none is handled between two
  // files.
  await turnOfEventLoop();
  const signal = endRequestedBy();
  if (signal !== undefined) throw new CommandError(`stopped by ${signal}. Nothing was done.`);
  const undo: (() => void)[] = [];
  try {
    for (const [path, text] of added) addFile(root, path, text, undo);
    for (const [path, text] of changed) changeFile(join(root, path), text, undo);
  } catch (error) {
    for (const step of undo.reverse()) step();
    throw new CommandError(`nothing was done: ${messageOf(error)}`, { cause: error });
  }
}

function addFile(root: string, path: string, text: string, undo: (() => void)[]): void {
  const file = join(root, path);
  // the outermost folder that this call makes, if any
  const made = mkdirSync(dirname(file), { recursive: true });
  if (made !== undefined) undo.push(() => rmSync(made, { recursive: true, force: true }));
  writeFileSync(file, text, { flag: "wx" });
  undo.push(() => rmSync(file, { force: true }));
}

function changeFile(file: string, text: string, undo: (() => void)[]): void {
  const before = readFileSync(file);
  const { mode } = statSync(file);
  const next = `${file}.new`;
  undo.push(() => rmSync(next, { force: true }));
  writeFileSync(next, text, { flag: "wx", mode });
  renameSync(next, file);
  undo.push(() => writeFileSync(file, before));
}
