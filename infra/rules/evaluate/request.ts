/**
 * What a client sent, as the edge received it, from which the fields of the Rules language are computed lazily.
 *
 * All text is a *byte string*: one UTF-16 code unit per byte (latin-1), so that equality, order, length and regular
 * expressions work on bytes as they do at Cloudflare.
 */
export interface RequestFacts {
  /** As received; Cloudflare does not change its case. */
  readonly method: string;
  /** `Host` or `:authority`, as received: not lower-cased. */
  readonly host: string;
  /** Path and query of the request target, as received. */
  readonly uri: string;
  readonly version: "HTTP/1.0" | "HTTP/1.1" | "HTTP/2" | "HTTP/3";
  readonly scheme: "http" | "https";
  /** Header lines in the order and the case received. */
  readonly headers: readonly (readonly [name: string, value: string])[];
  /** Address of the visitor, without port or zone id. */
  readonly ip: string;
  /** When the request arrived, milliseconds since the UNIX epoch. */
  readonly at: number;
  /** Body, where one was read. */
  readonly body?: string;
  /** Cloudflare's data centre; one counter of a rate limit exists per data centre. */
  readonly colo?: string;
  /** The visitor holds valid clearance, that is, has solved a challenge: challenges then let him pass. */
  readonly clearance?: boolean;
  /** Values of fields that only Cloudflare can compute (bot score, country ...), by field name. */
  readonly given?: Readonly<Record<string, FieldValue>>;
}

/** A value of the language: String/Bytes as byte string, Integer, Boolean, IP as text, arrays and maps of them. */
export type FieldValue =
  | string
  | number
  | bigint
  | boolean
  | readonly FieldValue[]
  | ReadonlyMap<string, FieldValue>
  | { readonly [key: string]: FieldValue };

/** The response of the edge, for rate limits that count responses. */
export interface ResponseFacts {
  readonly status: number;
  readonly headers: readonly (readonly [name: string, value: string])[];
  /** Whether the response came from Cloudflare's cache. */
  readonly fromCache: boolean;
  readonly at: number;
}
