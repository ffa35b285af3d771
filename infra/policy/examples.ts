import { type Example, exampleRequests, type RequestFacts } from "../rules/index.ts";
import type { Site } from "./site.ts";
import { VISITORS } from "./visitors.ts";

/** The request of an example, as the edge receives it. Throws a TypeError that quotes it where it is none. */
export function exampleFacts(example: Example, site: Pick<Site, "hostnames">): RequestFacts {
  const read = exampleRequests(example, { host: site.hostnames[0], visitors: VISITORS });
  const [request] = read.ok ? read.requests : [];
  if (!read.ok || request === undefined) {
    throw new TypeError(`${JSON.stringify(example)} is no example: ${read.ok ? "it has no request" : read.message}`);
  }
  return request;
}
