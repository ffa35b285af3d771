import type { IncomingMessage } from "node:http";

/** Reads a request's body of at most so many bytes, as UTF-8; undefined where it is larger or is cut off. */
export function readForm(request: IncomingMessage, maxBytes: number): Promise<string | undefined> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    let size = 0;
    const onData = (chunk: Buffer) => {
      size += chunk.length;
      if (size <= maxBytes) {
        chunks.push(chunk);
        return;
      }
      request.off("data", onData).pause();
      resolve(undefined);
    };
    request.on("data", onData);
    request.once("end", () => resolve(Buffer.concat(chunks).toString()));
    request.once("close", () => resolve(undefined));
  });
}
