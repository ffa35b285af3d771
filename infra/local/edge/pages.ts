import { STATUS_CODES } from "node:http";

/** An answer that the edge makes itself. */
export interface Page {
  readonly status: number;
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly body: string;
  /** The connection ends with it: where one request ends and the next begins is in doubt. */
  readonly close?: boolean;
}

interface Words {
  readonly status: number;
  /** Cloudflare's code, where it has one. */
  readonly code?: number;
  readonly title: string;
  readonly text: string;
}

/** What a visitor reads. The operator reads why in the terminal; visitors never see a rule, a tunnel or an address. */
const WORDS = {
  blocked: { status: 403, title: "Blocked", text: "This site does not accept the request you sent." },
  challenge: {
    status: 403,
    title: "A check is needed",
    text: "The site asks for a check that a local edge cannot show. On Cloudflare a challenge would stand here.",
  },
  moved: { status: 301, title: "Moved", text: "What you asked for is at another address." },
  limited: {
    status: 429,
    code: 1015,
    title: "Too many requests",
    text: "You sent too many requests. Wait, then try again.",
  },
  unknownHost: { status: 409, code: 1001, title: "Unknown host", text: "No site of this name is served here." },
  addressAsHost: { status: 403, code: 1003, title: "Use the name", text: "Sites are reached by name, not by address." },
  unreachable: { status: 530, code: 1016, title: "Origin unknown", text: "The site's origin could not be found." },
  noConnector: {
    status: 530,
    code: 1033,
    title: "Tunnel down",
    text: "The site's tunnel is not connected. Try again soon.",
  },
  badGateway: { status: 502, code: 502, title: "Bad gateway", text: "The site's origin cannot be reached." },
  badAnswer: {
    status: 520,
    code: 520,
    title: "Bad answer",
    text: "The site's origin sent an answer that makes no sense.",
  },
  originTimeout: { status: 524, code: 524, title: "Timeout", text: "The site's origin took too long to answer." },
  tooLarge: { status: 413, title: "Too large", text: "The body of the request is larger than this site accepts." },
  tooManySockets: { status: 503, title: "Busy", text: "Too many WebSockets are open. Try again soon." },
  noRules: { status: 503, title: "Not ready", text: "The site's rules cannot be run, so nothing is let through." },
  badExpectation: { status: 417, title: "Expectation failed", text: "Only 100-continue can be expected." },
} as const satisfies Readonly<Record<string, Words>>;

export type PageName = keyof typeof WORDS;

/** Status and Cloudflare's code of a page. */
export function pageCode(name: PageName): { readonly status: number; readonly code: number } {
  const words: Words = WORDS[name];
  return { status: words.status, code: words.code ?? words.status };
}

/** A page in the form the client accepts: HTML for browsers, else one line of text. */
export function page(name: PageName, ray: string, accept: string, headers: Page["headers"] = []): Page {
  return render(WORDS[name], ray, accept, headers);
}

/** A page for a request that is refused with a bare status. */
export function statusPage(status: number, ray: string, accept: string): Page {
  const title = STATUS_CODES[status] ?? "Error";
  return { ...render({ status, title, text: "The request could not be understood." }, ray, accept, []), close: true };
}

function render(words: Words, ray: string, accept: string, headers: Page["headers"]): Page {
  const html = /\btext\/html\b/i.test(accept);
  const heading = words.code === undefined ? words.title : `${words.title} (error ${words.code})`;
  const body = html ? document(heading, words.text, ray) : `${heading}: ${words.text} Ray ${ray}\n`;
  return {
    status: words.status,
    headers: [
      ["Content-Type", html ? "text/html; charset=utf-8" : "text/plain; charset=utf-8"],
      ["Cache-Control", "private, no-store"],
      ["X-Content-Type-Options", "nosniff"],
      ...headers,
    ],
    body,
  };
}

/** Nothing of the request enters the page; the ray is ours. */
function document(heading: string, text: string, ray: string): string {
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>${heading}</title>
<style>body{font:16px/1.5 system-ui,sans-serif;max-width:34rem;margin:15vh auto;padding:0 1.5rem}small{color:#667}</style>
<h1>${heading}</h1>
<p>${text}</p>
<p><small>Ray ${ray}</small></p>
</html>
`;
}
