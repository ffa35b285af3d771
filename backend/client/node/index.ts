import { Agent as HttpAgent } from "node:http";
import { Agent as HttpsAgent } from "node:https";
import { io } from "socket.io-client";
import { type ClientOptions, SiteClient } from "../index.ts";
import { isLoopbackName, lookupLoopback } from "./loopback.ts";
import { loopbackFetch } from "./loopback-fetch.ts";

export * from "../index.ts";

/**
 * Makes a client for a program on Node.js. `url` is the site's origin, for example `https://chat.example.org`. Names
 * below `localhost` lead to this machine, even where the resolver does not know them (RFC 6761 6.3). Throws a
 * `TypeError` where `url` is not an origin.
 */
export function createClient(url: string, options: Omit<ClientOptions, "url" | "connect" | "fetch"> = {}): SiteClient {
  const { origin, hostname, protocol } = originOf(url);
  if (!isLoopbackName(hostname)) {
    return new SiteClient({ ...options, url: origin, connect: (socketOptions) => io(origin, socketOptions) });
  }
  const lookup = { lookup: lookupLoopback };
  const agent = protocol === "https:" ? new HttpsAgent(lookup) : new HttpAgent(lookup);
  // engine.io-client hands the agent to `ws`, as its documentation says; its types know only strings and booleans
  const agentOption = { agent } as unknown as { agent: boolean };
  return new SiteClient({
    ...options,
    url: origin,
    connect: (socketOptions) => io(origin, { ...socketOptions, ...agentOption }),
    fetch: loopbackFetch,
  });
}

function originOf(url: string): URL {
  const parsed = URL.canParse(url) ? new URL(url) : undefined;
  const isOrigin = parsed?.href === `${parsed?.origin}/`;
  if (parsed && isOrigin && (parsed.protocol === "http:" || parsed.protocol === "https:")) return parsed;
  throw new TypeError(`The site's URL is ${JSON.stringify(url)}; give its origin, such as https://chat.example.org.`);
}
