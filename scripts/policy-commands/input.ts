/** Long inputs of the commands: from standard input or out of a file, bounded in bytes. */
import { createReadStream, statSync } from "node:fs";
import type { Readable } from "node:stream";
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
 * Throws `UsageError` where it cannot be read, has too many bytes, or names a file without `@`.
 */
export async function readInput(argument: string): Promise<string> {
  if (argument === "-") return readBounded("standard input", process.stdin);
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
  return readBounded(`the file ${file}`, createReadStream(file));
}

function isFile(path: string): boolean {
  try {
    return statSync(path).isFile();
  } catch {
    return false; // no such file, or no path at all, such as a text that is too long
  }
}

/** Reads to the end, however long the writer takes, and never more than the limit. */
async function readBounded(name: string, input: Readable, maxBytes = MAX_INPUT_BYTES): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  try {
    for await (const chunk of input as AsyncIterable<Buffer>) {
      size += chunk.length;
      if (size > maxBytes) break;
      chunks.push(chunk);
    }
  } catch (error) {
    throw new UsageError(`${name} cannot be read: ${messageOf(error)}`);
  }
  if (size > maxBytes) throw new UsageError(`${name} has more than ${maxBytes} bytes, which is the most that is read`);
  return Buffer.concat(chunks).toString("utf8");
}
