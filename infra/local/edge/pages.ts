import { STATUS_CODES } from "node:http";
import { type CloudflareError, type ErrorOccasion, jsonTypeFor, problemDetails } from "./problem-details.ts";

/** A response that the edge makes itself. */
export interface EdgePage {
  readonly status: number;
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly body: string;
  /** Closes the connection after the page, because the end of the request is not certain. */
  readonly close?: boolean;
}

interface PageTexts {
  readonly status: number;
  readonly title: string;
  readonly text: string;
  /** What Cloudflare calls it, where it has a code for it. */
  readonly error?: CloudflareError;
}

/** The texts that visitors read. The reason is printed in the terminal; a page names no rule, tunnel or address. */
const PAGES = {
  blocked: { status: 403, title: "Blocked", text: "This site does not accept the request you sent." },
  challenge: {
    status: 403,
    title: "A check is needed",
    text: "The site asks for a check that a local edge cannot show. Cloudflare would show a challenge here.",
  },
  moved: { status: 301, title: "Moved", text: "What you asked for is at another address." },
  limited: {
    status: 429,
    title: "Too many requests",
    text: "You sent too many requests. Wait, then try again.",
    error: {
      code: 1015,
      title: "You are being rate limited",
      name: "rate_limited",
      category: "rate_limit",
      retryAfter: 30,
      mustOwnerAct: false,
    },
  },
  unknownHost: {
    status: 409,
    title: "Unknown host",
    text: "No site of this name is served here.",
    error: {
      code: 1001,
      title: "DNS resolution error",
      name: "dns_resolution_error",
      category: "dns",
      mustOwnerAct: true,
    },
  },
  addressAsHost: {
    status: 403,
    title: "Use the name",
    text: "Sites are reached by name, not by address.",
    error: {
      code: 1003,
      title: "Direct IP access not allowed",
      name: "direct_ip_access_not_allowed",
      category: "access_denied",
      mustOwnerAct: false,
    },
  },
  unreachable: {
    status: 530,
    title: "Origin unknown",
    text: "The site's origin could not be found.",
    error: { code: 1016, title: "Origin DNS error", name: "origin_dns_error", category: "dns", mustOwnerAct: true },
  },
  noConnector: {
    status: 530,
    title: "Tunnel down",
    text: "The site's tunnel is not connected. Try again soon.",
    error: {
      code: 1033,
      title: "Cloudflare Tunnel error",
      name: "tunnel_error",
      category: "config",
      retryAfter: 120,
      mustOwnerAct: true,
    },
  },
  badGateway: {
    status: 502,
    title: "Bad gateway",
    text: "The site's origin cannot be reached.",
    error: {
      code: 502,
      title: "Bad gateway",
      name: "origin_bad_gateway",
      category: "origin",
      retryAfter: 60,
      mustOwnerAct: true,
    },
  },
  badResponse: {
    status: 520,
    title: "Bad response",
    text: "The site's origin sent a response that is not valid.",
    error: {
      code: 520,
      title: "Web server is returning an unknown error",
      name: "origin_unknown_error",
      category: "origin",
      retryAfter: 60,
      mustOwnerAct: true,
    },
  },
  originTimeout: {
    status: 524,
    title: "Timeout",
    text: "The site's origin took too long to respond.",
    error: {
      code: 524,
      title: "A timeout occurred",
      name: "origin_response_timeout",
      category: "origin",
      retryAfter: 120,
      mustOwnerAct: true,
    },
  },
  tooLarge: { status: 413, title: "Too large", text: "The body of the request is larger than this site accepts." },
  tooManySockets: { status: 503, title: "Busy", text: "Too many WebSockets are open. Try again soon." },
  wrongVisitor: { status: 400, title: "Bad Request", text: "The header Local-Visitor could not be read." },
  access: { status: 403, title: "Cloudflare Access", text: "You may not open this application." },
  badExpectation: { status: 417, title: "Expectation failed", text: "Only 100-continue can be expected." },
} as const satisfies Readonly<Record<string, PageTexts>>;

export type PageName = keyof typeof PAGES;

/** Status and Cloudflare's code of a page. */
export function pageCode(name: PageName): { readonly status: number; readonly code: number } {
  const words: PageTexts = PAGES[name];
  return { status: words.status, code: words.error?.code ?? words.status };
}

/** How a page differs from the one of its name in `PAGES`. */
export interface PageChange {
  /** Another text. It may hold what the client sent: it is escaped. */
  readonly text?: string;
  /** The site's URL, for a visitor who used a wrong hostname. Cloudflare does not show it, a local edge can. */
  readonly siteUrl?: string;
  /** Another status, as a rule may give. */
  readonly status?: number;
  readonly headers?: EdgePage["headers"];
  /** Seconds of Retry-After instead of Cloudflare's own for the code, as a rate limit gives. */
  readonly retryAfter?: number | undefined;
}

/** A page in the form the client accepts: HTML for browsers, JSON where it is asked for, else one line of text. */
export function page(name: PageName, occasion: ErrorOccasion, change: PageChange = {}): EdgePage {
  return render(PAGES[name], occasion, change);
}

/** A page for a request that is refused with a bare status. */
export function statusPage(status: number, occasion: ErrorOccasion): EdgePage {
  const title = STATUS_CODES[status] ?? "Error";
  return { ...render({ status, title, text: "The request could not be understood." }, occasion, {}), close: true };
}

function render(words: PageTexts, occasion: ErrorOccasion, change: PageChange): EdgePage {
  const { error, title } = words;
  const { siteUrl } = change;
  const sentence = change.text ?? words.text;
  const text = siteUrl === undefined ? sentence : `${sentence} The site on this machine is ${siteUrl}`;
  const status = change.status ?? words.status;
  const retryAfter = change.retryAfter ?? error?.retryAfter;
  const json = status < 400 ? undefined : jsonTypeFor(occasion.accept);
  const html = /\btext\/html\b/i.test(occasion.accept);
  const heading = error === undefined ? title : `${title} (error ${error.code})`;
  const body = json
    ? problemDetails({ status, title, text }, error, occasion, retryAfter)
    : html
      ? document(heading, sentence, occasion.ray, siteUrl)
      : `${heading}: ${text}${siteUrl === undefined ? " " : "\n"}Ray ${occasion.ray}\n`;
  return {
    status,
    headers: [
      ["Content-Type", `${json ?? (html ? "text/html" : "text/plain")}; charset=utf-8`],
      ["Cache-Control", "private, no-store"],
      ["X-Content-Type-Options", "nosniff"],
      ...(retryAfter === undefined ? [] : [["Retry-After", String(retryAfter)] as const]),
      ...(change.headers ?? []),
    ],
    body,
  };
}

/** What of the request may be in the text is escaped; the ray is ours. */
function document(heading: string, text: string, ray: string, siteUrl?: string): string {
  const url = siteUrl === undefined ? "" : escapeHtml(siteUrl);
  const way = url === "" ? "" : `<p>The site on this machine is <a href="${url}">${url}</a></p>\n`;
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>${heading}</title>
<style>
body{font:16px/1.5 system-ui,sans-serif;max-width:34rem;margin:15vh auto;padding:0 1.5rem}small{color:#667}
</style>
<h1>${heading}</h1>
<p>${escapeHtml(text)}</p>
${way}<p><small>Ray ${ray}</small></p>
</html>
`;
}

const escapeHtml = (text: string): string => text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
