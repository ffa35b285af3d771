/** Long inputs of the commands: from standard input or out of a file, bounded in bytes. */
import { closeSync, openSync, readSync, statSync } from "node:fs";
import { argumentsFromOne, messageOf, UsageError, type ValueKind } from "../command-line/index.ts";

/** Bytes of one input. A browser's HAR file with the bodies of a page has a few million. */
export const MAX_INPUT_BYTES = 32 * 1024 * 1024;

const requestText: ValueKind<string> = {
  expected: "a request, - for standard input, or @FILE for a file with requests",
  parse: (value) => (value === "" || (value.startsWith("-") && value !== "-") ? undefined : value),
};

/** The requests of a command line, each a text, `-` or `@FILE`. */
export const requestArguments = argumentsFromOne("requests; - for standard input, @FILE for a file", requestText);

/**
 * The text that an argument gives: `-` is standard input, `@FILE` the text of a file, anything else is the text.
 * @throws UsageError where it cannot be read, has too many bytes, or names a file without `@`
 */
export function readInput(argument: string): string {
  if (argument === "-") return readBounded("standard input", 0);
  if (!argument.startsWith("@")) {
    // taken for a request, the path of a HAR file would prove something false
    if (isFile(argument)) {
      throw new UsageError(
        `"${argument}" is a file. Write @${argument} for the requests in it, or "GET ${argument}" for a request.`,
      );
    }
    return argument;
  }
  const file = argument.slice(1);
  let descriptor: number;
  try {
    descriptor = openSync(file, "r");
  } catch (error) {
    throw new UsageError(`the file ${file} cannot be read: ${messageOf(error)}`);
  }
  try {
    return readBounded(`the file ${file}`, descriptor);
  } finally {
    closeSync(descriptor);
  }
}

function isFile(path: string): boolean {
  try {
    return statSync(path).isFile();
  } catch {
    return false; // no such file, or no path at all, such as a text that is too long
  }
}

/** Reads to the end, and never more than the limit. */
export function readBounded(name: string, descriptor: number, maxBytes = MAX_INPUT_BYTES): string {
  const chunks: Buffer[] = [];
  let size = 0;
  for (;;) {
    const chunk = Buffer.allocUnsafe(64 * 1024);
    const read = readChunk(name, descriptor, chunk);
    if (read === 0) return Buffer.concat(chunks).toString("utf8");
    size += read;
    if (size > maxBytes)
      throw new UsageError(`${name} has more than ${maxBytes} bytes, which is the most that is read`);
    chunks.push(chunk.subarray(0, read));
  }
}

function readChunk(name: string, descriptor: number, chunk: Buffer): number {
  try {
    return readSync(descriptor, chunk);
  } catch (error) {
    throw new UsageError(`${name} cannot be read: ${messageOf(error)}`);
  }
}
