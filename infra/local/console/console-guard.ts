import type { IncomingMessage } from "node:http";

/** Why a request is refused. */
export interface ConsoleRefusal {
  readonly status: number;
  /** What was wrong, what is right. */
  readonly message: string;
}

/** Characters of a request target. */
const MAX_TARGET_LENGTH = 2_048;
const JSON_TYPE = /^application\/json(?:;\s*charset=utf-8)?$/i;

/**
 * Checks where a request comes from, before its cookie counts: pages of other sites, and of other ports of this
 * machine, to which the browser sends the cookie too, are refused. A name that leads to this machine (DNS rebinding) is
 * refused by its Host. What changes something is a POST of JSON, which a page of another site cannot send without
 * being asked for its Origin, and has the console's Origin. Undefined: no objection.
 */
export function refusalOf(request: IncomingMessage, origin: string): ConsoleRefusal | undefined {
  const { method, url = "", headers } = request;
  const hosts = request.rawHeaders.filter((name, index) => index % 2 === 0 && name.toLowerCase() === "host");
  if (hosts.length !== 1 || `http://${headers.host}` !== origin) {
    return { status: 421, message: `The console is at ${origin}. Open it by the address that \`npm start\` printed.` };
  }
  const isAction = method === "POST" && pathOf(url).startsWith("/api/");
  if (method !== "GET" && !isAction) return { status: 405, message: "The console takes GET, and POST below /api/." };
  if (url.length > MAX_TARGET_LENGTH) {
    return { status: 414, message: `The address has ${url.length} characters; ${MAX_TARGET_LENGTH} are allowed.` };
  }
  if ((isAction || headers.origin !== undefined) && headers.origin !== origin) {
    return { status: 403, message: "Pages of other sites may not use the console." };
  }
  if (isAction && !JSON_TYPE.test(headers["content-type"] ?? "")) {
    return { status: 415, message: "The console takes application/json alone." };
  }
  const site = headers["sec-fetch-site"];
  const isFromElsewhere = site !== undefined && site !== "same-origin" && site !== "none";
  // a click on the printed address, in a terminal that is a page itself
  const opensPage = headers["sec-fetch-mode"] === "navigate" && headers["sec-fetch-dest"] === "document";
  if (isFromElsewhere && !(opensPage && pathOf(url) === "/")) {
    return { status: 403, message: "Pages of other sites may not use the console." };
  }
  return undefined;
}

/** The path of a request target. */
export const pathOf = (target: string): string => target.split("?", 1)[0] ?? "";
