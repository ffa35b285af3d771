/**
 * Keeps the state: in memory, or in one JSON file that is replaced as a whole and synced before the response to a
 * change is sent, so that a crash leaves either the old state or the new one. A file that cannot be understood is
 * never written over.
 */
import {
  closeSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeSync,
} from "node:fs";
import { dirname } from "node:path";
import { isObject } from "./shape.ts";
import type { State } from "./state.ts";
import { readState, type StateProblem } from "./state-file.ts";

export type StateErrorCode = "STATE_UNREADABLE" | "STATE_CORRUPT" | "STATE_NEWER" | "STATE_UNWRITABLE";

/** The state file cannot be used; the message says what was found, what was expected and what to do. */
export class StateError extends Error {
  readonly code: StateErrorCode;

  constructor(code: StateErrorCode, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.code = code;
  }
}

export interface StateStore {
  /** The present state; treat it as frozen. */
  readonly state: State;
  /**
   * Stores the draft, then makes it the present state; one that the next start would refuse is not stored. @throws
   * StateError STATE_UNWRITABLE, and nothing has changed.
   */
  commit(draft: State): void;
}

/** Opens the file, or starts with the seed where there is none. @throws StateError */
export function openStore(file: string | undefined, seed: () => State): StateStore {
  let state: State;
  if (file === undefined) {
    state = seed();
  } else if (existsSync(file)) {
    state = load(file);
  } else {
    state = seed();
    save(file, state);
  }
  return {
    get state() {
      return state;
    },
    commit(draft) {
      const read = readState(draft);
      if (!read.ok) throw new Error(`invariant: a state that could not be read back: ${describe(read.problem)}`);
      if (file !== undefined) save(file, draft);
      state = draft;
    },
  };
}

/** A copy to change; the state is JSON by definition. */
export function draftOf(state: State): State {
  return JSON.parse(JSON.stringify(state)) as State;
}

function load(file: string): State {
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (error) {
    throw new StateError(
      "STATE_UNREADABLE",
      `${file} holds the state of the Cloudflare on localhost and cannot be read (${reason(error)}). Make it ` +
        "readable for you, or move it away to start anew.",
      error,
    );
  }
  let document: unknown;
  try {
    document = JSON.parse(text);
  } catch (error) {
    throw corrupt(file, `it is not JSON (${reason(error)})`);
  }
  if (isObject(document) && document.format === "causeway-cloud" && Number(document.version) > 1) {
    throw new StateError(
      "STATE_NEWER",
      `${file} was written by a newer Causeway (version ${document.version} of the file, this one knows version ` +
        "1). Use that Causeway, or move the file away to start anew.",
    );
  }
  const read = readState(document);
  if (!read.ok) throw corrupt(file, describe(read.problem));
  return read.state;
}

function describe(problem: StateProblem): string {
  return `${problem.pointer || "the document"} ${problem.message}`;
}

function corrupt(file: string, what: string): StateError {
  return new StateError(
    "STATE_CORRUPT",
    `${file} should hold the state of the Cloudflare on localhost, but ${what}. Nothing was changed: mend the ` +
      "file, or move it away to start anew.",
  );
}

function save(file: string, state: State): void {
  const temporary = `${file}.${process.pid}.new`;
  try {
    mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
    const handle = openSync(temporary, "w", 0o600);
    try {
      const bytes = Buffer.from(`${JSON.stringify(state, null, 1)}\n`);
      for (let written = 0; written < bytes.length; ) written += writeSync(handle, bytes, written);
      fsyncSync(handle);
    } finally {
      closeSync(handle);
    }
    renameSync(temporary, file);
    syncFolder(dirname(file));
  } catch (error) {
    discard(temporary);
    throw new StateError(
      "STATE_UNWRITABLE",
      `The state of the Cloudflare on localhost could not be written to ${file} (${reason(error)}). Nothing was ` +
        "changed; check the folder's rights and free space.",
      error,
    );
  }
}

/** What cannot be removed either must not hide why the write failed. */
function discard(temporary: string): void {
  try {
    rmSync(temporary, { force: true });
  } catch {
    // it stays; the next write replaces it
  }
}

/** The new name is durable only after its folder is synced; Windows cannot open a folder and does not need to. */
function syncFolder(folder: string): void {
  if (process.platform === "win32") return;
  const handle = openSync(folder, "r");
  try {
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}

function reason(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
