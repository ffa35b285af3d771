import type { IncomingMessage } from "node:http";
import type { Writable } from "node:stream";
import { refuse } from "../../contract/index.ts";
import type { BodyReservation } from "./held-bytes.ts";

/** Size of the first buffer for a body of unknown length. */
const INITIAL_BYTES = 16 * 1024;

/** Whether the head of a request announces a body. */
export function hasBody({ headers }: IncomingMessage): boolean {
  return headers["transfer-encoding"] !== undefined || Number(headers["content-length"] ?? 0) > 0;
}

/**
 * Checks the head of a request with a body. Throws 413 where the body is larger than `limit` bytes, and 415 where its
 * media type is none of `types` (undefined allows all) or it has a content coding.
 */
export function checkHead({ headers }: IncomingMessage, limit: number, types: readonly string[] | undefined): void {
  if (Number(headers["content-length"] ?? 0) > limit) throw refuse("PAYLOAD_TOO_LARGE");
  const isTaken = types === undefined || types.includes(mediaType(headers["content-type"]));
  if (headers["content-encoding"] !== undefined || !isTaken) throw refuse("UNSUPPORTED_MEDIA_TYPE");
}

/** The media type of a `Content-Type` header, in small letters and without parameters; empty where there is none. */
function mediaType(header: string | undefined): string {
  return (header ?? "").split(";", 1)[0]?.trim().toLowerCase() ?? "";
}

/**
 * Reads a body of at most `limit` bytes into one buffer. Throws 413 when it is larger and 408 when the client
 * disconnects. Each chunk is copied: a client may send chunks of one byte, each of which is an object of some hundred
 * bytes.
 */
export function readWhole(request: IncomingMessage, limit: number, held: BodyReservation): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const length = Number(request.headers["content-length"] ?? INITIAL_BYTES);
    let body: Buffer = Buffer.allocUnsafe(Math.min(limit, length));
    let size = 0;
    const sink: Sink = {
      write(chunk) {
        if (size + chunk.length > limit) throw refuse("PAYLOAD_TOO_LARGE");
        if (size + chunk.length > body.length) body = enlarged(body, Math.min(limit, 2 * (size + chunk.length)));
        held.grow(body.length);
        size += chunk.copy(body, size);
        return true;
      },
      end: () => resolve(body.subarray(0, size)),
      fail: reject,
    };
    held.grow(body.length);
    receive(request, sink);
  });
}

/**
 * Writes a body into a stream while it arrives, no faster than the stream is read. The stream is destroyed with the
 * refusal when the body is larger than `limit` bytes or the client disconnects.
 */
export function passOn(request: IncomingMessage, to: Writable, limit: number): void {
  let size = 0;
  const stop = receive(request, {
    write(chunk) {
      size += chunk.length;
      if (size > limit) throw refuse("PAYLOAD_TOO_LARGE");
      return to.write(chunk);
    },
    end: () => to.end(),
    fail: (error) => to.destroy(error),
  });
  to.on("drain", () => request.resume());
  to.once("close", stop);
}

interface Sink {
  /** Takes a chunk. False pauses the request, which the owner of the sink resumes. Throws the refusal of a body. */
  write(chunk: Buffer): boolean;
  end(): void;
  fail(error: Error): void;
}

/** Writes what arrives into the sink. Returns a function that stops it. */
function receive(request: IncomingMessage, sink: Sink): () => void {
  // the head announces no body: no `end` event will follow
  if (request.readableEnded) {
    sink.end();
    return () => undefined;
  }
  const stop = () => {
    request.off("data", onData).off("end", onEnd).off("close", onGone).off("error", onGone);
    request.on("error", () => undefined);
    request.resume(); // the rest is read and dropped
  };
  const failWith = (error: Error) => {
    stop();
    sink.fail(error);
  };
  const onData = (chunk: Buffer) => {
    try {
      if (!sink.write(chunk)) request.pause();
    } catch (error) {
      failWith(error as Error);
    }
  };
  const onEnd = () => {
    stop();
    sink.end();
  };
  const onGone = () => failWith(refuse("TIMEOUT"));
  request.on("data", onData).on("end", onEnd).on("close", onGone).on("error", onGone);
  // the client may have disconnected while its token was verified
  if (request.destroyed) onGone();
  return stop;
}

function enlarged(body: Buffer, size: number): Buffer {
  const larger = Buffer.allocUnsafe(size);
  body.copy(larger);
  return larger;
}
