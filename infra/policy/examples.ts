import { type RequestFacts, toBytes } from "../rules/index.ts";
import type { Example } from "./rule.ts";
import type { Site } from "./site.ts";

/** An address of TEST-NET-3 (RFC 5737): nobody's. */
const SOMEBODY = "203.0.113.7";

/**
 * The request that an example stands for, as the edge would receive it. Throws a TypeError that quotes the example where it is
 * none: `METHOD /path` or `METHOD URL`.
 */
export function exampleFacts(example: Example, site: Pick<Site, "hostnames">): RequestFacts {
  const { request, headers = {}, ip = SOMEBODY, given } = typeof example === "string" ? { request: example } : example;
  const [, method, scheme = "https", host = site.hostnames[0], uri] =
    /^(\S+) (?:(https?):\/\/([^/]+))?(\/\S*)$/.exec(request.replaceAll("{host}", site.hostnames[0])) ?? [];
  if (method === undefined || uri === undefined) {
    throw new TypeError(`"${request}" is no example request; write "GET /path" or "GET https://host/path"`);
  }
  return {
    method: toBytes(method),
    host: toBytes(host),
    uri: toBytes(uri),
    version: "HTTP/2",
    scheme: scheme === "http" ? "http" : "https",
    headers: Object.entries(headers).map(([name, value]) => [toBytes(name), toBytes(value)]),
    ip,
    at: 0,
    ...(given === undefined ? {} : { given }),
  };
}
