import { parameterError, refuse } from "../../contract/index.ts";
import { object } from "../../surface/grammar.ts";
import { type FormBody, paramsOf } from "../../surface/stream-grammar.ts";
import { compileValidator, type Validator } from "../../surface/validator.ts";
import type { StreamEntry } from "../../surface.ts";
import type { HttpBacklog } from "../limits/caps/http-backlog.ts";
import { checkHead, hasBody, passOn, readWhole } from "./body.ts";
import { readForm } from "./form.ts";
import type { BodyBytes } from "./held-bytes.ts";
import { boundaryOf } from "./multipart.ts";
import type { StreamRun } from "./stream-run.ts";
import type { WebRequest } from "./web-request.ts";
import { checkSignature, type SeenSignatures } from "./webhook.ts";

/** The parts of the gateway that reading a body uses. */
export interface BodyReaderParts {
  readonly backlog: HttpBacklog;
  readonly held: BodyBytes;
  readonly seen: SeenSignatures;
  /** Milliseconds since 1970. */
  readonly clock: () => number;
  secretsOf(name: string): readonly string[];
}

/** A body, after all checks that are made before the action runs. */
export interface CheckedBody {
  /** Writes the body into the action's stream. */
  send(to: WebRequest<StreamRun>): void;
  /** Called when the action has failed. */
  failed?(): Promise<void>;
}

/** Reads and checks the part of a body that has to arrive before the action runs. Throws a refusal. */
export async function readBody(run: StreamRun, parts: BodyReaderParts): Promise<CheckedBody> {
  const { request, client } = run.exchange;
  const { body, bodyLimit } = run.entry;
  if (!body) {
    if (hasBody(request)) throw refuse("PAYLOAD_TOO_LARGE");
    return { send: (to) => void to.end() };
  }
  const boundary = body.as === "form" ? boundaryOf(request.headers["content-type"]) : undefined;
  checkHead(request, bodyLimit, typesOf(body, boundary));
  const release = parts.backlog.holdBody(request.socket, client.key);
  run.onEnd(release);
  if (body.as === "bytes" && body.streamed) return { send: (to) => passOn(request, to, bodyLimit) };
  const held = parts.held.open(client.key);
  run.onEnd(() => held.release());
  const whole = await readWhole(request, bodyLimit, held);
  release();
  switch (body.as) {
    case "bytes":
      return { send: (to) => void to.end(whole) };
    case "form":
      return readFormBody(run, body, whole, boundary ?? "");
    case "webhook": {
      const secrets = parts.secretsOf(body.secret);
      const { action } = run.entry;
      const name = checkSignature(body, request.headers, whole, secrets, parts.clock());
      await parts.seen.add(action, name);
      return { send: (to) => void to.end(whole), failed: () => parts.seen.forget(action, name) };
    }
  }
}

/** The allowed media types of a body; undefined for a webhook, which may have any. */
function typesOf(body: NonNullable<StreamEntry["body"]>, boundary: string | undefined): readonly string[] | undefined {
  if (body.as === "bytes") return body.types;
  if (body.as === "webhook") return undefined;
  return boundary === undefined ? [] : ["multipart/form-data"];
}

const validators = new WeakMap<StreamEntry, Validator>();

/** Reads a form. Its fields are checked together with the parameters of the path, which no field can replace. */
function readFormBody(run: StreamRun, body: FormBody, whole: Buffer, boundary: string): CheckedBody {
  const { fields, files, contents } = readForm(whole, boundary, body);
  const params = { ...fields, ...run.params, files };
  const validate = validators.get(run.entry) ?? compileValidator(object(paramsOf(run.entry)));
  validators.set(run.entry, validate);
  const mismatch = validate(params);
  if (mismatch) throw parameterError(mismatch);
  run.params = params;
  return {
    send(to) {
      for (const content of contents) to.write(content);
      to.end();
    },
  };
}
