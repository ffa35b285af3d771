import { relative } from "node:path";
import { fileURLToPath } from "node:url";

/**
 * The message for a mistake in a file of the project, with its place where the stack trace has one:
 * `infra/policy/custom-rules/no-fr.ts:8: Expected ',', got 'when'`. Paths begin at the project's folder.
 */
export function programErrorMessage(error: Error): string {
  const place = placeOf(error);
  const message = error.message.replaceAll(ROOT_URL, "").replaceAll(ROOT, "");
  return place === undefined ? message : `${place}: ${message}`;
}

const ROOT_URL = new URL("../../../", import.meta.url).href;
const ROOT = fileURLToPath(new URL("../../../", import.meta.url));

/** How a stack begins where a module cannot be read, and how it names a call's place. */
const HEADING = /^(file:\/\/\S+|(?:\/|[A-Z]:\\).+):(\d+)\n/;
const FRAME = /(file:\/\/[^\s()]+?):(\d+)/g;

/**
 * Where in the project an error comes from, as `infra/policy/site.ts:12`: the first place in its stack that is no
 * package's.
 */
function placeOf({ stack = "" }: Error): string | undefined {
  for (const [, file = "", line] of [HEADING.exec(stack) ?? [], ...stack.matchAll(FRAME)]) {
    if (file === "" || file.includes("/node_modules/")) continue;
    return `${relative(ROOT, file.startsWith("file:") ? fileURLToPath(file) : file)}:${line}`;
  }
  return undefined;
}
