import { relative, sep } from "node:path";
import { fileURLToPath } from "node:url";
import { printable } from "../../infra/local/console/index.ts";

/** Lines of a stack that are shown. */
const MAX_FRAMES = 12;
const INDENT = " ".repeat(10);
const PROJECT = fileURLToPath(new URL("../..", import.meta.url));

/** What of a line of the backend's log is shown. */
interface LoggedError {
  readonly time?: unknown;
  readonly level?: unknown;
  readonly msg?: unknown;
  readonly ray?: unknown;
  readonly err?: { readonly stack?: unknown; readonly message?: unknown };
}

/**
 * The lines for the terminal of a line of the backend's log: an error with its message and the place in the project's
 * files that it comes from. None for a line that is no error. Paths begin at the project's folder.
 */
export function backendErrorLines(line: string): readonly string[] {
  if (!line.startsWith('{"level":"error"') && !line.startsWith('{"level":"fatal"')) return [];
  const { time, msg, ray, err } = JSON.parse(line) as LoggedError;
  const at = new Date(String(time)).toTimeString().slice(0, 8);
  const request = typeof ray === "string" ? `  ray ${printable(ray)}` : "";
  return [`${at}  BACKEND  ${printable(String(msg))}${request}`, ...stackLines(err)];
}

/** Message and frames, without those of packages and of Node.js, which say nothing about the project's code. */
function stackLines(err: LoggedError["err"]): readonly string[] {
  if (err === undefined) return [];
  const lines = String(err.stack ?? err.message ?? "").split("\n");
  const own = lines.filter((line) => !FOREIGN_FRAME.test(line));
  const shown = own.slice(0, MAX_FRAMES).map((line) => `${INDENT}${printable(withinProject(line), 1_000)}`);
  return own.length > shown.length ? [...shown, `${INDENT}... all of it is in backend.log`] : shown;
}

const FOREIGN_FRAME = /^\s+at .*(?:node:|[\\/]node_modules[\\/])/;

/** A frame's place as `backend/chat/rooms.ts:12:5`. */
function withinProject(line: string): string {
  return line.replace(/file:\/\/[^\s()]+(?=:\d+:\d+)/, (url) => {
    const path = relative(PROJECT, fileURLToPath(url));
    return path.split(sep).join("/");
  });
}
