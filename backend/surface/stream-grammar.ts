import {
  array,
  integer,
  type ObjectSchema,
  object,
  oneOf,
  type Params,
  string,
  type TypeOf,
  type ValueSchema,
} from "./grammar.ts";

/**
 * What an entry of kind `stream` receives and sends: bytes, forms with files, signed webhooks, server-sent events.
 * moleculer-web serves such entries (`gateway/streams/`).
 */

/** A body of bytes. */
export interface BytesBody {
  readonly as: "bytes";
  /** Media types that a request may name, in small letters and without parameters. The content is not checked. */
  readonly types: readonly string[];
  /**
   * The action runs at once, and reads the body while it arrives. Without it, the action runs when the whole body has
   * arrived.
   */
  readonly streamed?: true;
}

/** Files of one field of a form. */
interface FormFiles {
  readonly types: readonly string[];
  /** Maximum number of files. */
  readonly max: number;
  /** Maximum bytes of one file. */
  readonly bytes: number;
}

/** A `multipart/form-data` body (RFC 7578). The action runs when all of it has arrived and was checked. */
export interface FormBody {
  readonly as: "form";
  /** Fields that are not files. Their text is converted to the type of the schema, for example to an integer. */
  readonly fields: Params;
  readonly files: Readonly<Record<string, FormFiles>>;
}

/** A file of a form, as the action gets it in `ctx.params.files`. Its contents are in the stream. */
export interface FormFile {
  /** Name of the form's field. */
  readonly field: string;
  /** The name that the client has given it, without folders; may be empty. */
  readonly name: string;
  /** Media type that the client names: one of those that the entry allows. */
  readonly type: string;
  /** Length of the contents in bytes. */
  readonly bytes: number;
}

/** How a sender signs its webhooks. */
type WebhookScheme = "standard" | "timestamped";

/** A body that the sender has signed with a shared secret. The action runs when the signature is right. */
export interface WebhookBody {
  readonly as: "webhook";
  /**
   * `standard`: the headers `webhook-id`, `webhook-timestamp` and `webhook-signature` (standardwebhooks.com).
   * `timestamped`: one header, `t=SECONDS,v1=HEX` over `SECONDS.BODY`, as Stripe sends it.
   */
  readonly scheme: WebhookScheme;
  /** The header of the scheme `timestamped`, in small letters. */
  readonly header?: string;
  /** The secrets are in the environment variable `WEBHOOK_SECRET_` and this name, in capitals. */
  readonly secret: string;
}

export type StreamBody = BytesBody | FormBody | WebhookBody;

/** A response of bytes. The action returns a `Buffer`, or a `Readable` that is sent while the client reads. */
export interface BytesResult {
  readonly as: "bytes";
  /** Media types of the response. The first one is used when the action names none. */
  readonly types: readonly string[];
  /** The content of such a path never changes, so that browsers may cache it. Other responses are never cached. */
  readonly immutable?: true;
}

/** A response of server-sent events (HTML Living Standard 9.2). The action returns a `Readable` of objects. */
export interface EventsResult {
  readonly as: "events";
  /** The data of each event, by the name of the event. */
  readonly events: Readonly<Record<string, ValueSchema>>;
}

export type StreamResult = ObjectSchema | BytesResult | EventsResult;

/** One server-sent event. */
export type SentEvent<A extends EventsResult = EventsResult> = {
  readonly [E in keyof A["events"]]: {
    readonly event: E;
    readonly data: TypeOf<A["events"][E]>;
    /** A client that reconnects sends it as `Last-Event-ID`. Printable ASCII, at most 128 characters. */
    readonly id?: string;
  };
}[keyof A["events"]];

/** A body of one of these media types. */
export function bytes<const O extends Omit<BytesBody, "as">>(options: O): { readonly as: "bytes" } & O;
/** A response of one of these media types. */
export function bytes<const O extends Omit<BytesResult, "as">>(options: O): { readonly as: "bytes" } & O;
export function bytes(options: object): object {
  return { as: "bytes", ...options };
}

/** A form with files. */
export function form<const O extends Omit<FormBody, "as">>(options: O): { readonly as: "form" } & O {
  return { as: "form", ...options };
}

/** A body that its sender has signed. */
export function webhook<const O extends Omit<WebhookBody, "as">>(options: O): { readonly as: "webhook" } & O {
  return { as: "webhook", ...options };
}

/** Server-sent events with these names. */
export function events<const E extends EventsResult["events"]>(
  named: E,
): { readonly as: "events"; readonly events: E } {
  return { as: "events", events: named };
}

/** Limits of the files in `ctx.params.files`, which the broker checks again. Lengths are in characters. */
const MAX_FILE_NAME_LENGTH = 255;
const MAX_MEDIA_TYPE_LENGTH = 127;
const MAX_FILE_BYTES = 2 ** 31;

/** The parameters that the action of an entry gets: those of path and query, and the fields and files of a form. */
export function paramsOf({ params, body }: { readonly params: Params; readonly body?: StreamBody }): Params {
  return body?.as === "form" ? { ...params, ...body.fields, files: filesSchema(body.files) } : params;
}

function filesSchema(files: FormBody["files"]) {
  const max = Object.values(files).reduce((sum, one) => sum + one.max, 0);
  const file = object({
    field: oneOf(Object.keys(files) as [string, ...string[]]),
    name: string({ min: 0, max: MAX_FILE_NAME_LENGTH }),
    type: string({ min: 1, max: MAX_MEDIA_TYPE_LENGTH }),
    bytes: integer({ min: 0, max: MAX_FILE_BYTES }),
  });
  return array(file, { max });
}
