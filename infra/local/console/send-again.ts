import { once } from "node:events";
import { connect, type Socket } from "node:net";
import type { Visitor } from "../../rules/index.ts";
import type { Edge } from "../edge/index.ts";
import type { AgainRequest, SentAgain } from "./again-data.ts";
import { ApiMistake } from "./api-response.ts";
import type { Recorder } from "./recorder.ts";

/** What of the edge is needed to send a request to it. */
export type EdgeToSendTo = Pick<Edge, "port" | "plainPort" | "introduce">;

/** Requests that are sent at once. */
const MAX_SENDING = 8;
/** Milliseconds until the response begins; longer than an origin of a developer takes. */
const HEAD_TIMEOUT_MS = 30_000;
/** Milliseconds for the rest: a stream without an end is cut. */
const REST_TIMEOUT_MS = 5_000;
/** Milliseconds until the edge has recorded it, after the response has ended. */
const RECORD_TIMEOUT_MS = 2_000;
const MAX_HEAD_BYTES = 256 * 1024;

/** Sends requests through the local edge, each on a connection of its own. */
export class AgainSender {
  readonly #edge: EdgeToSendTo;
  readonly #recorder: Recorder;
  readonly #sockets = new Set<Socket>();

  constructor(edge: EdgeToSendTo, recorder: Recorder) {
    this.#edge = edge;
    this.#recorder = recorder;
  }

  /** Sends a request for a visitor. Resolves when it is recorded. Throws an ApiMistake where it cannot be sent. */
  async send(request: AgainRequest, visitor: Visitor): Promise<SentAgain> {
    const port = request.scheme === "https" ? this.#edge.port : this.#edge.plainPort;
    if (port === undefined) throw new ApiMistake(409, "This edge has no port for plain HTTP.");
    if (this.#sockets.size >= MAX_SENDING) throw new ApiMistake(503, `${MAX_SENDING} requests are being sent: wait.`);
    const rays = new Set<string>();
    const recorded = new EventTarget();
    const stopRecording = this.#recorder.onRecorded(({ summary }) => {
      if (summary.repeats !== request.ray) return;
      rays.add(summary.ray);
      recorded.dispatchEvent(new Event("ray"));
    });
    const socket = connect({ port, host: "127.0.0.1" });
    this.#sockets.add(socket);
    socket.once("close", () => this.#sockets.delete(socket));
    try {
      await once(socket, "connect");
      this.#edge.introduce(socket, { visitor, repeats: request.ray });
      socket.write(messageOf(request));
      const sent = await responseOf(socket);
      const deadline = AbortSignal.timeout(RECORD_TIMEOUT_MS);
      while (!rays.has(sent.ray) && !deadline.aborted) {
        await once(recorded, "ray", { signal: deadline }).catch(() => {});
      }
      return sent;
    } finally {
      stopRecording();
      socket.destroy();
    }
  }

  /** Ends what is being sent. */
  close(): void {
    for (const socket of this.#sockets) socket.destroy();
  }
}

/** The bytes of a request. Its parts are checked: none has a line break. */
function messageOf({ method, target, headers, body }: AgainRequest): Buffer {
  const content = Buffer.from(body, "base64");
  const hasBody = content.length > 0 || !["GET", "HEAD", "OPTIONS", "DELETE", "TRACE"].includes(method);
  const made: [string, string][] = [
    ...(hasBody ? [["Content-Length", String(content.length)] as [string, string]] : []),
    ...(headers.some(([name]) => name.toLowerCase() === "connection")
      ? []
      : [["Connection", "close"] as [string, string]]),
  ];
  const lines = [...headers, ...made].map(([name, value]) => `${name}: ${value}\r\n`);
  const head = `${method} ${target} HTTP/1.1\r\n${lines.join("")}\r\n`;
  return Buffer.concat([Buffer.from(head, "latin1"), content]);
}

/** Reads the head of the response, and drops the rest. Resolves when the connection has ended. */
async function responseOf(socket: Socket): Promise<SentAgain> {
  let head = "";
  let sent: SentAgain | undefined;
  const closed = new Promise<void>((resolve) => socket.once("close", () => resolve()));
  socket.on("error", () => socket.destroy());
  socket.setTimeout(HEAD_TIMEOUT_MS, () => socket.destroy());
  socket.on("data", (bytes: Buffer) => {
    if (sent) return;
    head += bytes.toString("latin1");
    if (head.length > MAX_HEAD_BYTES) socket.destroy();
    // what comes before a response is left out, such as 103
    head = head.replace(/^(?:HTTP\/1\.1 10[02-9] .*?\r\n\r\n)+/s, "");
    const [, status, lines = ""] = /^HTTP\/1\.1 (\d{3})[^\r\n]*\r\n(.*?)\r\n\r\n/s.exec(head) ?? [];
    if (status === undefined) return;
    const ray = /^cf-ray: *(\S+) *$/im.exec(lines)?.[1] ?? "";
    sent = { ray, status: Number(status) };
    if (status === "101") socket.destroy();
    else setTimeout(() => socket.destroy(), REST_TIMEOUT_MS).unref();
  });
  await closed;
  if (sent === undefined) throw new ApiMistake(504, "The edge closed the connection without a response.");
  return sent;
}
