// The messages of Cap'n Proto RPC that the tunnel's control stream uses (level 1 of rpc.capnp,
// https://capnproto.org/rpc.html): a client requests the bootstrap capability, calls methods on it and finishes its
// questions. Questions and answers are the specification's words for calls and their results.
import type { MessageReader, StructReader } from "./capnp-reader.ts";
import { MessageBuilder, type StructBuilder } from "./capnp-writer.ts";

const TAG = { unimplemented: 0, abort: 1, call: 2, return: 3, finish: 4, release: 6, bootstrap: 8 } as const;

/** Which capability a call is for: the answer to an earlier question, or one that was exported to the caller. */
type CallTarget = { answerTo: number } | { exported: number };

/** A message of the control stream, as far as a connector and an edge use them. */
export type RpcMessage =
  | { type: "bootstrap"; question: number }
  | { type: "call"; question: number; interfaceId: bigint; method: number; target: CallTarget; params: StructReader }
  | { type: "return"; answer: number; result: StructReader }
  | { type: "exception"; answer: number; reason: string }
  | { type: "finish"; question: number }
  | { type: "release" }
  | { type: "unimplemented" }
  | { type: "abort"; reason: string }
  | { type: "unknown"; tag: number };

/** Reads a message of the control stream; throws CapnpError. */
export function readRpc(message: MessageReader): RpcMessage {
  const root = message.root();
  const tag = root.uint16(0);
  switch (tag) {
    case TAG.bootstrap:
      return { type: "bootstrap", question: root.struct(0).uint32(0) };
    case TAG.call:
      return readCall(root.struct(0));
    case TAG.return:
      return readReturn(root.struct(0));
    case TAG.finish:
      return { type: "finish", question: root.struct(0).uint32(0) };
    case TAG.release:
      return { type: "release" };
    case TAG.unimplemented:
      return { type: "unimplemented" };
    case TAG.abort:
      return { type: "abort", reason: root.struct(0).text(0) };
    default:
      return { type: "unknown", tag };
  }
}

function readCall(call: StructReader): RpcMessage {
  const target = call.struct(0);
  return {
    type: "call",
    question: call.uint32(0),
    interfaceId: call.uint64(8),
    method: call.uint16(4),
    target: target.uint16(4) === 1 ? { answerTo: target.struct(0).uint32(0) } : { exported: target.uint32(0) },
    params: call.struct(1).struct(0),
  };
}

/**
 * The content of a bootstrap's answer is a capability, not a struct, and is not read: calls go to the promised answer.
 */
function readReturn(answered: StructReader): RpcMessage {
  const answer = answered.uint32(0);
  const kind = answered.uint16(6);
  if (kind === 0) {
    const payload = answered.struct(0);
    return {
      type: "return",
      answer,
      get result() {
        return payload.struct(0);
      },
    };
  }
  return { type: "exception", answer, reason: kind === 1 ? answered.struct(0).text(0) : `an answer of kind ${kind}` };
}

/** Asks for the peer's bootstrap capability. */
export function writeBootstrap(question: number): Buffer {
  return write(TAG.bootstrap, (root) => root.struct(0, 1, 1).uint32(0, question));
}

/** Calls a method on the answer, still promised or not, to an earlier question. */
export function writeCall(
  call: { question: number; answerTo: number; interfaceId: bigint; method: number },
  params: (payload: StructBuilder) => void,
): Buffer {
  return write(TAG.call, (root) => {
    const body = root.struct(0, 3, 3).uint32(0, call.question).uint16(4, call.method).uint64(8, call.interfaceId);
    body.struct(0, 1, 1).uint16(4, 1).struct(0, 1, 1).uint32(0, call.answerTo);
    params(body.struct(1, 0, 2));
  });
}

/** Answers a question; the content is written as pointer 0 of the payload. */
export function writeReturn(answer: number, content: (payload: StructBuilder) => void): Buffer {
  return write(TAG.return, (root) => content(root.struct(0, 2, 1).uint32(0, answer).struct(0, 0, 2)));
}

/** Answers the bootstrap question with the one capability that is exported, number 0. */
export function writeBootstrapReturn(answer: number): Buffer {
  const SENDER_HOSTED = 1;
  return writeReturn(answer, (payload) => {
    payload.capability(0, 0);
    payload.singleton(1, 1, 1).uint16(0, SENDER_HOSTED).uint32(4, 0);
  });
}

/** Answers a question with an exception. */
export function writeException(answer: number, reason: string): Buffer {
  return write(TAG.return, (root) => {
    root.struct(0, 2, 1).uint32(0, answer).uint16(6, 1).struct(0, 1, 2).text(0, reason);
  });
}

/** Ends the connection, with a reason. */
export function writeAbort(reason: string): Buffer {
  return write(TAG.abort, (root) => root.struct(0, 1, 2).text(0, reason));
}

/** Releases the answer to a question, and the capabilities that it brought. */
export function writeFinish(question: number): Buffer {
  return write(TAG.finish, (root) => root.struct(0, 1, 0).uint32(0, question));
}

function write(tag: number, fill: (root: StructBuilder) => void): Buffer {
  const message = new MessageBuilder();
  const root = message.root(1, 1).uint16(0, tag);
  fill(root);
  return message.finish();
}
