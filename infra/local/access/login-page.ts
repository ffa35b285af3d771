import { randomBytes } from "node:crypto";
import type { StoredAccessPolicy } from "../api/access/index.ts";
import type { Answer } from "./outcome.ts";

interface LoginPage {
  readonly appName: string;
  readonly hostname: string;
  /** Where the form may lead: the application's origin. */
  readonly origin: string;
  /** The sealed target. */
  readonly meta: string;
  readonly policies: readonly StoredAccessPolicy[];
  /** Why the address before was refused. */
  readonly problem?: string;
}

/** Addresses that are offered. */
const MAX_OFFERED = 8;

/**
 * The page where the visitor chooses an address. Cloudflare would show the ways to sign in and mail a one-time PIN.
 * The page has no script, and cannot be framed.
 */
export function loginPage({ appName, hostname, origin, meta, policies, problem }: LoginPage): Answer {
  const nonce = randomBytes(16).toString("base64");
  const offered = offeredAddresses(policies);
  const domains = policies
    .filter(({ decision }) => decision === "allow")
    .flatMap(({ include }) => include)
    .flatMap((selector) => ("email_domain" in selector ? [selector.email_domain.domain] : []));
  const example = `you@${domains[0] ?? "example.com"}`;
  const target = `<input type="hidden" name="meta" value="${escapeHtml(meta)}">`;
  const buttons = offered
    .map(escapeHtml)
    .map((address) => `<button name="choice" value="${address}">${address}</button>\n`)
    .join("");
  const alert = problem === undefined ? "" : `<p class="problem" role="alert">${escapeHtml(problem)}</p>\n`;
  const body = `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<link rel="icon" href="data:,">
<title>Sign in to ${escapeHtml(appName)}</title>
<style nonce="${nonce}">${STYLE}</style>
<main>
<p class="note"><strong>An imitation on this machine.</strong> Cloudflare Access would check that an address is yours.
Here nothing is checked and no mail is sent: choose the address to sign in with.</p>
<h1>Sign in to ${escapeHtml(appName)}</h1>
<p>to open <b>${escapeHtml(hostname)}</b></p>
${alert}${offered.length === 0 ? "" : `<form method="post">\n${target}\n${buttons}</form>\n`}<form method="post">
${target}
<label for="email">${offered.length === 0 ? "Your address" : "Another address"}</label>
<input id="email" name="email" type="email" required maxlength="254" autocomplete="off"
 placeholder="${escapeHtml(example)}">
<button>Sign in</button>
</form>
</main>
</html>
`;
  const policy = [
    "default-src 'none'",
    "img-src data:",
    `style-src 'nonce-${nonce}'`,
    `form-action 'self' ${origin}`,
    "frame-ancestors 'none'",
    "base-uri 'none'",
  ];
  return {
    kind: "answer",
    status: 200,
    headers: [
      ["Content-Type", "text/html; charset=utf-8"],
      ["Cache-Control", "private, no-store"],
      ["X-Content-Type-Options", "nosniff"],
      ["X-Frame-Options", "DENY"],
      // with `no-referrer` a browser would send `Origin: null` with the form
      ["Referrer-Policy", "same-origin"],
      ["Content-Security-Policy", policy.join("; ")],
    ],
    body,
  };
}

/** The addresses that the policies name, also those that they refuse, so that both can be tried. */
function offeredAddresses(policies: readonly StoredAccessPolicy[]): readonly string[] {
  const selectors = policies.flatMap(({ include, require, exclude }) => [...include, ...require, ...exclude]);
  const addresses = selectors.flatMap((selector) => ("email" in selector ? [selector.email.email] : []));
  return [...new Set(addresses)].slice(0, MAX_OFFERED);
}

const escapeHtml = (text: string): string => text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);

const STYLE = `
:root{color-scheme:light dark}
body{font:16px/1.5 system-ui,sans-serif;margin:0;padding:8vh 1.25rem;background:light-dark(#f5f6f8,#14161a)}
main{max-width:26rem;margin:auto;padding:1.75rem;border-radius:.75rem;background:light-dark(#fff,#1e2127);
box-shadow:0 1px 4px #0003}
h1{font-size:1.35rem;line-height:1.3;margin:1.25rem 0 0;overflow-wrap:anywhere}
p{margin:.25rem 0 1rem;overflow-wrap:anywhere}
.note{margin:0;padding:.75rem 1rem;border-radius:.5rem;background:light-dark(#fff3d1,#3b3012);font-size:.9rem}
.problem{padding:.6rem .9rem;border-radius:.5rem;background:light-dark(#fde3e3,#47191c)}
form{display:grid;gap:.5rem;margin-top:1rem}
label{font-weight:600}
button,input{font:inherit;padding:.6rem .8rem;border-radius:.5rem;border:1px solid light-dark(#8b93a1,#737b89);
overflow-wrap:anywhere}
button{cursor:pointer;color:#fff;background:#1457c4;border-color:#1457c4}
button[name]{color:inherit;background:transparent;border-color:light-dark(#8b93a1,#737b89);text-align:left}
button:hover{filter:brightness(1.12)}
:focus-visible{outline:3px solid #4c8dff;outline-offset:2px}
`;
