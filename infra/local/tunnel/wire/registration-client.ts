import type { Duplex } from "node:stream";
import { MessageFramer } from "./capnp-framer.ts";
import { CapnpError, type StructReader } from "./capnp-reader.ts";
import type { StructBuilder } from "./capnp-writer.ts";
import {
  METHOD,
  REGISTRATION_INTERFACE,
  type RegistrationRequest,
  type RegistrationResult,
  readRegistrationResult,
  writeRegistration,
} from "./registration.ts";
import { readRpc, writeBootstrap, writeCall, writeFinish } from "./rpc.ts";

const MAX_MESSAGE_BYTES = 64 * 1024;
const BOOTSTRAP = 0;

/** The connector's side of a control stream: calls the edge's RegistrationServer. */
export class RegistrationClient {
  readonly #stream: Duplex;
  readonly #questions = new Map<number, { resolve(result: StructReader): void; reject(error: Error): void }>();
  #next = BOOTSTRAP + 1;
  #ended: Error | undefined;

  constructor(stream: Duplex) {
    this.#stream = stream;
    const framer = new MessageFramer(MAX_MESSAGE_BYTES);
    stream.on("data", (chunk: Buffer) => {
      try {
        for (const message of framer.push(chunk)) this.#receive(readRpc(message));
      } catch (error) {
        if (!(error instanceof CapnpError)) throw error;
        this.#end(error);
        stream.destroy();
      }
    });
    stream.once("close", () => this.#end(new Error("the control stream ended")));
    stream.write(writeBootstrap(BOOTSTRAP));
  }

  /** Registers this connection. A refusal is a result; a broken stream rejects. */
  async register(request: RegistrationRequest): Promise<RegistrationResult> {
    const results = await this.#call(METHOD.registerConnection, (payload) => writeRegistration(payload, request));
    return readRegistrationResult(results);
  }

  /** Tells the edge to send no new requests on this connection. */
  async unregister(): Promise<void> {
    await this.#call(METHOD.unregisterConnection, (payload) => payload.struct(0, 0, 0));
  }

  #call(method: number, params: (payload: StructBuilder) => void): Promise<StructReader> {
    if (this.#ended) return Promise.reject(this.#ended);
    const question = this.#next;
    this.#next += 1;
    return new Promise((resolve, reject) => {
      this.#questions.set(question, { resolve, reject });
      this.#stream.write(
        writeCall({ question, answerTo: BOOTSTRAP, interfaceId: REGISTRATION_INTERFACE, method }, params),
      );
    });
  }

  #receive(message: ReturnType<typeof readRpc>): void {
    if (message.type === "abort") throw new CapnpError(`the edge ended the control stream: ${message.reason}`);
    if (message.type !== "return" && message.type !== "exception") return;
    const question = this.#questions.get(message.answer);
    if (!question) return;
    this.#questions.delete(message.answer);
    if (message.type === "exception") question.reject(new Error(message.reason));
    else question.resolve(message.result);
    this.#stream.write(writeFinish(message.answer));
  }

  #end(error: Error): void {
    this.#ended ??= error;
    for (const { reject } of this.#questions.values()) reject(error);
    this.#questions.clear();
  }
}
