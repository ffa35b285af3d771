import { type IncomingMessage, request as requestHttp } from "node:http";
import { request as requestHttps } from "node:https";
import type { Fetch } from "../requests.ts";
import { lookupLoopback } from "./loopback.ts";

/** Maximum bytes of a response. */
const MAX_RESPONSE_BYTES = 16 * 2 ** 20;

/**
 * Makes a request to this machine, whatever the name in the URL: the `fetch` of Node.js always uses the resolver.
 * Follows no redirects. Rejects when the server cannot be reached or the response is too large.
 */
export const loopbackFetch: Fetch = (url, { method, headers, body, signal }) =>
  new Promise((resolve, reject) => {
    const request = new URL(url).protocol === "https:" ? requestHttps : requestHttp;
    const sent = request(url, { method, headers, signal, lookup: lookupLoopback });
    sent.on("error", reject);
    sent.on("response", (response) => readResponse(response).then(resolve, reject));
    sent.end(body);
  });

async function readResponse(response: IncomingMessage): Promise<Response> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > MAX_RESPONSE_BYTES) throw new Error(`The response is larger than ${MAX_RESPONSE_BYTES} bytes.`);
    chunks.push(chunk);
  }
  const headers = new Headers();
  for (const [name, values = []] of Object.entries(response.headersDistinct)) {
    for (const value of values) headers.append(name, value);
  }
  const status = response.statusCode ?? 0;
  const isBodiless = status === 204 || status === 205 || status === 304; // Response throws for a body there
  return new Response(isBodiless ? null : Buffer.concat(chunks), { status, headers });
}
