/** One request through Cloudflare's edge, on a connection of its own. */
import { type IncomingMessage, type RequestOptions, request as requestPlain } from "node:http";
import { request as requestTls } from "node:https";
import type { TLSSocket } from "node:tls";
import { types } from "node:util";
import { messageOf } from "../command-line/index.ts";

/** Where the edge is. */
export interface StatusEdge {
  /** Undefined: where the hostname leads. */
  readonly host?: string;
  readonly port: number;
  readonly isTls: boolean;
}

/** The edge as a visitor finds it. */
export const PUBLIC_EDGE: StatusEdge = { port: 443, isTls: true };

/** The certificate that the edge has shown. */
export interface ServedCertificate {
  /** Milliseconds since 1970; NaN where the date cannot be read. */
  readonly validUntil: number;
  /** Why a browser would not accept it, such as `CERT_HAS_EXPIRED`; undefined where it would. */
  readonly problem?: string;
}

export interface EdgeResponse {
  readonly status: number;
  /** Cloudflare's id of the request; undefined where the response did not come from Cloudflare. */
  readonly ray: string | undefined;
  /** Whether Cloudflare asks the visitor to prove that it is no program. */
  readonly isChallenge: boolean;
  /** Where a redirect leads; undefined in other responses. */
  readonly location?: string;
  /** The body where it is JSON of at most 64 KiB. */
  readonly json: unknown;
}

/** What came of a request: a response, or why there is none. */
export interface EdgeExchange {
  readonly certificate?: ServedCertificate;
  readonly response?: EdgeResponse;
  readonly failure?: string;
}

/** Bytes of a body that are read. */
const MAX_BODY_BYTES = 64 * 1024;

export interface EdgeRequest {
  readonly hostname: string;
  /** Path and query. */
  readonly path: string;
  readonly edge: StatusEdge;
  /** Milliseconds for the whole exchange. */
  readonly timeoutMs: number;
}

/**
 * Sends a GET request and reads the response. A certificate that a browser would not accept is noted, and the request
 * is sent all the same: it carries nothing secret.
 */
export async function requestThroughEdge({ hostname, path, edge, timeoutMs }: EdgeRequest): Promise<EdgeExchange> {
  const seen: { certificate?: ServedCertificate } = {};
  const isUsualPort = edge.port === PUBLIC_EDGE.port;
  const options: RequestOptions & { readonly servername: string; readonly rejectUnauthorized: false } = {
    host: edge.host ?? hostname,
    port: edge.port,
    path,
    // no connection is used again: each request may take another way
    agent: false,
    servername: hostname,
    rejectUnauthorized: false,
    signal: AbortSignal.timeout(timeoutMs),
    headers: {
      host: isUsualPort ? hostname : `${hostname}:${edge.port}`,
      accept: "application/json",
      "user-agent": "causeway-status",
    },
  };
  try {
    const response = await new Promise<EdgeResponse>((resolve, reject) => {
      const call = edge.isTls ? requestTls(options) : requestPlain(options);
      call.once("error", reject);
      call.once("socket", (socket) => {
        if (edge.isTls) socket.once("secureConnect", () => Object.assign(seen, certificateOf(socket as TLSSocket)));
      });
      call.once("upgrade", ({ statusCode }, socket) => {
        socket.destroy();
        reject(new Error(`status ${statusCode}`));
      });
      call.once("response", (message) => readResponse(message).then(resolve, reject));
      call.end();
    });
    return { ...seen, response };
  } catch (error) {
    return { ...seen, failure: failureOf(error, timeoutMs) };
  }
}

function certificateOf(socket: TLSSocket): { readonly certificate: ServedCertificate } {
  const { valid_to } = socket.getPeerCertificate();
  const problem = socket.authorized ? undefined : String(socket.authorizationError);
  return { certificate: { validUntil: Date.parse(valid_to), ...(problem !== undefined && { problem }) } };
}

async function readResponse(message: IncomingMessage): Promise<EdgeResponse> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of message as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length > MAX_BODY_BYTES) break;
    chunks.push(chunk);
  }
  const { headers, statusCode = 0 } = message;
  const ray = headers["cf-ray"];
  return {
    status: statusCode,
    ray: typeof ray === "string" ? ray : undefined,
    isChallenge: headers["cf-mitigated"] === "challenge",
    ...(headers.location !== undefined && { location: headers.location }),
    json: length > MAX_BODY_BYTES ? undefined : parsed(Buffer.concat(chunks).toString()),
  };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function failureOf(error: unknown, timeoutMs: number): string {
  if (!types.isNativeError(error)) return String(error);
  if (error.name === "AbortError") return `no response within ${timeoutMs / 1000} s`;
  // of several addresses, each has failed: the message is empty then
  const [first] = error instanceof AggregateError ? error.errors : [];
  return messageOf(first ?? error);
}
