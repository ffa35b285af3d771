/**
 * Refuses requests of web pages, and requests for another hostname, before their body is read. A page that a developer
 * has open can send requests to 127.0.0.1, and can give its own hostname this address (DNS rebinding).
 */
import type { IncomingMessage } from "node:http";
import { ApiError } from "../errors.ts";

const NAMES = ["127.0.0.1", "localhost"];

/**
 * @throws 400 without exactly one Host header, 421 for another hostname, 403 for a request that a browser sends for a
 * page; the codes are ours
 */
export function assertLocalCaller(request: IncomingMessage): void {
  const hosts = request.headersDistinct.host ?? [];
  const [host = ""] = hosts;
  if (hosts.length !== 1) {
    throw new ApiError(400, { code: 10400, message: `Expected one Host header, got ${hosts.length}` });
  }
  if (!NAMES.some((name) => host === `${name}:${request.socket.localPort}`)) {
    throw new ApiError(421, {
      code: 10421,
      message:
        `The API on localhost is not ${JSON.stringify(host.slice(0, 100))}: call it at ` +
        `127.0.0.1:${request.socket.localPort}`,
    });
  }
  const site = request.headers["sec-fetch-site"];
  if (request.headers.origin !== undefined || (site !== undefined && site !== "none")) {
    throw new ApiError(403, { code: 10403, message: "The API on localhost rejects requests from web pages" });
  }
}

/** @throws 415 where the body's type is not JSON: a page can send text and forms without a CORS preflight */
export function assertJson(request: IncomingMessage): void {
  const type = request.headers["content-type"] ?? "";
  if (/^application\/json *(; *charset="?utf-8"? *)?$/i.test(type)) return;
  throw new ApiError(415, {
    code: 10415,
    message: `Expected a body of the type application/json, got ${JSON.stringify(type.slice(0, 100))}`,
  });
}
