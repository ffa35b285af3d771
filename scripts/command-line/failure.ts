import { types } from "node:util";

/**
 * The command failed. The message has what happened, what was expected and what to do. Exit code 1.
 */
export class CommandError extends Error {
  override readonly name: string = "CommandError";
}

/** The command was used wrongly, which it noticed only while it ran. Exit code 2. */
export class UsageError extends CommandError {
  override readonly name = "UsageError";
}

/** The message of a thrown value. */
export function messageOf(thrown: unknown): string {
  return types.isNativeError(thrown) ? thrown.message : String(thrown);
}

/** Names of errors that are bugs when they reach the user: no code of this project throws them on purpose. */
const BUG_NAMES = new Set([
  "Error",
  "AggregateError",
  "AssertionError",
  "EvalError",
  "RangeError",
  "ReferenceError",
  "SyntaxError",
  "TypeError",
  "URIError",
]);

/**
 * Result codes of SQLite for what is wrong with the disk or the file (https://sqlite.org/rescode.html): busy, locked,
 * no memory, read-only, I/O error, damaged, full, cannot open, not a database.
 */
const SQLITE_CODES = new Set([5, 6, 7, 8, 10, 11, 13, 14, 26]);

/**
 * Whether a failure is expected: then the user sees only its message. Expected are errors of the operating system and
 * of the database, and errors with a class of their own. Every other error is a bug, and is printed with its stack.
 */
export function isExpectedFailure(thrown: unknown): thrown is Error {
  if (!types.isNativeError(thrown)) return false;
  const { syscall, code, errcode } = thrown as Error & { syscall?: unknown; code?: unknown; errcode?: unknown };
  if (typeof syscall === "string") return true;
  if (code === "ERR_SQLITE_ERROR") return typeof errcode === "number" && SQLITE_CODES.has(errcode & 0xff);
  return !BUG_NAMES.has(thrown.name);
}

/** What Node.js puts into a stack when it cannot read or link a module. */
const LINKING = /^ +at .*\(node:internal\/modules\//;
/** The code of a module outside its functions, which Node.js runs for an `import()`. */
const LOADING = /^ +at file:\S+\n +at ModuleJob\.run .*\n(?: +at async node:.*\n)* +at .*\(?file:/m;

/**
 * Whether a failure comes from a module that does not parse, imports a name that does not exist, or throws while it is
 * loaded. Such a file is one that the user has changed.
 */
export function isLoadFailure(thrown: unknown): boolean {
  if (!types.isNativeError(thrown)) return false;
  const frames = /^ +at [\s\S]*/m.exec(thrown.stack ?? "")?.[0] ?? "";
  return (thrown.name === "SyntaxError" && LINKING.test(frames)) || LOADING.test(frames);
}
