import type { Stream } from "node:stream";
import type { Context } from "moleculer";
import type { FormFile } from "../surface/stream-grammar.ts";

/** A file of a form with its contents. */
export interface ReceivedFile extends FormFile {
  readonly contents: Buffer;
}

/**
 * The body of a request for an entry of kind `stream`, as one buffer. The gateway has checked that it is no larger
 * than the entry's `bodyLimit`.
 */
export async function readBody({ stream }: Pick<Context, "stream">): Promise<Buffer> {
  if (!isReadable(stream)) return Buffer.alloc(0);
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

/** The files of a form, in the order in which they were sent. */
export async function readFiles(
  ctx: Pick<Context<{ readonly files: readonly FormFile[] }>, "stream" | "params">,
): Promise<readonly ReceivedFile[]> {
  const body = await readBody(ctx);
  let end = 0;
  return ctx.params.files.map((file) => {
    end += file.bytes;
    return { ...file, contents: body.subarray(end - file.bytes, end) };
  });
}

/** A stream that is read by `for await`. */
function isReadable(stream: Stream | null): stream is Stream & AsyncIterable<unknown> {
  return stream !== null && Symbol.asyncIterator in stream;
}
