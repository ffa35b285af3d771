import type { Duplex } from "node:stream";
import { MessageFramer } from "./capnp-framer.ts";
import { CapnpError, type MessageReader } from "./capnp-reader.ts";
import {
  METHOD,
  REGISTRATION_INTERFACE,
  type RegistrationRequest,
  type RegistrationResult,
  readRegistration,
  writeRegistrationResult,
} from "./registration.ts";
import { type RpcMessage, readRpc, writeAbort, writeBootstrapReturn, writeException, writeReturn } from "./rpc.ts";

/** What the edge does for a connector. */
export interface RegistrationHandler {
  register(request: RegistrationRequest): Promise<RegistrationResult>;
  /** Called after the response to `register` was sent. */
  responseSent(result: RegistrationResult): void;
  unregister(): void;
  /** The peer broke the protocol or left it; the connection is of no more use. */
  failed(reason: string): void;
}

/** Bytes of a control message. It holds one token and a few words, or a local configuration, which is not read here. */
const MAX_MESSAGE_BYTES = 256 * 1024;
/** A connector registers, perhaps reports its configuration and unregisters; the rest of a flood is not read. */
const MAX_MESSAGES = 64;

/** Serves cloudflared's RegistrationServer on a control stream. */
export function serveRegistration(stream: Duplex, handler: RegistrationHandler): void {
  const framer = new MessageFramer(MAX_MESSAGE_BYTES);
  let messages = 0;
  let bootstrap: number | undefined;
  let registering = false;
  let over = false;

  const fail = (reason: string) => {
    if (over) return;
    over = true;
    if (stream.writable) stream.write(writeAbort(reason));
    handler.failed(reason);
  };
  stream.on("data", (chunk: Buffer) => {
    if (over) return;
    try {
      for (const message of framer.push(chunk)) receive(message);
    } catch (error) {
      if (!(error instanceof CapnpError)) throw error;
      fail(error.message);
    }
  });

  function receive(reader: MessageReader): void {
    messages += 1;
    if (messages > MAX_MESSAGES) throw new CapnpError("too many control messages");
    const message = readRpc(reader);
    switch (message.type) {
      case "bootstrap":
        bootstrap = message.question;
        stream.write(writeBootstrapReturn(message.question));
        return;
      case "call":
        call(message);
        return;
      case "abort":
        over = true;
        handler.failed(`the connector ended the control stream: ${message.reason}`);
        return;
      case "unknown":
        throw new CapnpError(`a message of unknown kind ${message.tag}`);
      default:
    }
  }

  function call(message: RpcMessage & { type: "call" }): void {
    const { question, target } = message;
    const known =
      "answerTo" in target ? target.answerTo === bootstrap : bootstrap !== undefined && target.exported === 0;
    if (!known || message.interfaceId !== REGISTRATION_INTERFACE) {
      stream.write(writeException(question, "no such capability"));
      return;
    }
    if (message.method === METHOD.registerConnection) {
      if (registering) throw new CapnpError("a second registration on one connection");
      registering = true;
      const request = readRegistration(message.params);
      handler.register(request).then(
        (result) => {
          if (!stream.writable) return;
          stream.write(writeReturn(question, (payload) => writeRegistrationResult(payload, result)));
          handler.responseSent(result);
        },
        () => fail("the response to the registration could not be sent"),
      );
    } else if (message.method === METHOD.unregisterConnection) {
      stream.write(writeReturn(question, (payload) => payload.struct(0, 0, 0)));
      handler.unregister();
    } else if (message.method === METHOD.updateLocalConfiguration) {
      stream.write(writeReturn(question, (payload) => payload.struct(0, 0, 0)));
    } else {
      stream.write(writeException(question, `method ${message.method} is not implemented`));
    }
  }
}
