import type { RequestFacts } from "../../../infra/rules/index.ts";

/** A request that has to be normalized, to try the language on outside of Node. */
export const request: RequestFacts = {
  method: "POST",
  host: "Chat.Example.com",
  uri: "/Admin/../api/auth/login?next=%2F",
  version: "HTTP/2",
  scheme: "https",
  headers: [
    ["User-Agent", "curl/8"],
    ["Cookie", "sid=1; theme=dark"],
  ],
  ip: "2001:db8::7",
  at: 1_790_000_000_123,
};
