import { timingSafeEqual } from "node:crypto";
import { normalizePath } from "../../rules/index.ts";
import type { StoredAccessApp } from "../api/access/index.ts";
import type { AccessAccount } from "../api/state.ts";
import { type Assertions, SESSION_COOKIE, sessionMs, subjectId } from "./assertions.ts";
import { cookieValues, setCookie } from "./cookies.ts";
import { allows } from "./decide-access.ts";
import { browserDigest, type LoginAttempts, type LoginTarget } from "./login-attempts.ts";
import { loginPage } from "./login-page.ts";
import { accountOfTeam, BROWSER_COOKIE } from "./login-redirect.ts";
import {
  type AccessRequest,
  type AccessResponse,
  type Answer,
  type FormWanted,
  headerValues,
  refuse,
} from "./outcome.ts";
import { firstMatch, policiesOf } from "./policies.ts";

/** What a login has led to: the application gets it by a code. */
export interface PassedLogin {
  readonly target: LoginTarget;
  readonly email: string;
}

/** What the endpoints use. */
export interface EndpointParts {
  readonly accounts: readonly AccessAccount[];
  readonly assertions: Assertions;
  readonly attempts: LoginAttempts<PassedLogin>;
}

const PREFIX = "/cdn-cgi/access/";
/** Bytes of the login form: the sealed target and an address. */
const MAX_FORM_BYTES = 8192;
const EMAIL = /^[^\s@<>"',;]{1,64}@[^\s@<>"',;]{1,189}$/;
const STALE = "This login is over, or another browser began it. Open the site again.";

/**
 * The paths of Access itself, on a team's domain and on the hostnames of a zone; undefined for every other request.
 * They are served before the rules: whether Cloudflare runs rules on its own `/cdn-cgi/` is not documented. Public keys
 * are served under an address as well (`http://127.0.0.1:PORT/cdn-cgi/access/certs`), for origins on this machine.
 */
export function accessEndpoint(
  request: AccessRequest,
  zoneAccountId: string | undefined,
  parts: EndpointParts,
): AccessResponse | FormWanted | undefined {
  const path = normalizePath(request.uri.split("?", 1)[0] ?? "");
  const team = accountOfTeam(parts.accounts, request.host);
  const account = team ?? parts.accounts.find(({ id }) => id === zoneAccountId);
  if (path === `${PREFIX}certs` && request.isLocal) return json({ keys: parts.assertions.publicKeys });
  if (!account || (!team && !path.startsWith(PREFIX))) return undefined;
  if (!request.isLocal) return refuse(403, "The imitation of Cloudflare Access is for this machine alone.");
  if (team && path.startsWith(`${PREFIX}login/`)) return login(request, account, parts);
  if (!team && path === `${PREFIX}authorized`) return authorized(request, account, parts);
  if (path === `${PREFIX}logout`) return logout(request, account, parts);
  if (path === `${PREFIX}get-identity`) return identity(request, account, parts);
  return refuse(404, "Cloudflare Access has no such page.");
}

const json = (value: object): Answer => ({
  kind: "answer",
  status: 200,
  headers: [
    ["Content-Type", "application/json"],
    ["Cache-Control", "no-store"],
    ["X-Content-Type-Options", "nosniff"],
  ],
  body: JSON.stringify(value),
});

const queryOf = ({ uri }: AccessRequest): URLSearchParams =>
  new URLSearchParams(uri.includes("?") ? uri.slice(uri.indexOf("?")) : "");

function login(request: AccessRequest, account: AccessAccount, parts: EndpointParts): AccessResponse | FormWanted {
  if (request.method === "GET" || request.method === "HEAD") {
    return show(request, account, parts, queryOf(request).get("meta") ?? "");
  }
  if (request.method !== "POST") return refuse(405, "Open this page with GET.", undefined, [["Allow", "GET, POST"]]);
  if (!isOwnForm(request)) return refuse(403, "The form came from another site.");
  return {
    kind: "form",
    maxBytes: MAX_FORM_BYTES,
    finish: (body) => submit(request, account, parts, new URLSearchParams(body)),
  };
}

/** A browser says which site a form is of; a program that is none says nothing. */
function isOwnForm(request: AccessRequest): boolean {
  const sites = headerValues(request, "sec-fetch-site");
  const origins = headerValues(request, "origin");
  return (
    sites.every((site) => site === "same-origin") && origins.every((origin) => origin === `http://${request.authority}`)
  );
}

/** The target of a login, and its application as it is now. */
function targetOf(request: AccessRequest, account: AccessAccount, { attempts }: EndpointParts, meta: string) {
  const target = attempts.open(meta, request.time);
  if (target?.accountId !== account.id) return undefined;
  const app = account.access.apps.find(({ aud }) => aud === target.aud);
  return app && { target, app };
}

function show(
  request: AccessRequest,
  account: AccessAccount,
  parts: EndpointParts,
  meta: string,
  problem?: string,
): AccessResponse {
  const found = targetOf(request, account, parts, meta);
  if (!found) return refuse(400, STALE);
  const { authority } = found.target;
  return loginPage({
    appName: found.app.name,
    hostname: authority,
    origin: `http://${authority}`,
    meta,
    policies: policiesOf(found.app, account),
    ...(problem === undefined ? {} : { problem }),
  });
}

function submit(
  request: AccessRequest,
  account: AccessAccount,
  parts: EndpointParts,
  form: URLSearchParams,
): AccessResponse {
  const meta = form.get("meta") ?? "";
  const found = targetOf(request, account, parts, meta);
  if (!found) return refuse(400, STALE);
  if (!parts.attempts.take(request.time))
    return refuse(429, "Too many logins. Wait a minute.", undefined, [["Retry-After", "60"]]);
  const email = (form.get("choice") ?? form.get("email") ?? "").trim().toLowerCase();
  if (!EMAIL.test(email)) return show(request, account, parts, meta, "Write an address such as you@example.com.");
  if (!allows(policiesOf(found.app, account), { ip: request.ip, email })) {
    return show(request, account, parts, meta, `${email} may not open this application.`);
  }
  const code = parts.attempts.newCode({ target: found.target, email }, request.time);
  return {
    kind: "redirect",
    location: `http://${found.target.authority}${PREFIX}authorized?code=${code}`,
    headers: [["Referrer-Policy", "no-referrer"]],
  };
}

/** On the application's own hostname: exchanges a code for the cookie, in the browser that began the login. */
function authorized(request: AccessRequest, account: AccessAccount, parts: EndpointParts): AccessResponse {
  const admission = parts.attempts.redeem(queryOf(request).get("code") ?? "", request.time);
  if (!admission || !isBrowserOf(request, admission.target)) return refuse(400, STALE);
  const { target, email } = admission;
  const app = account.access.apps.find(({ aud }) => aud === target.aud);
  const policies = app && policiesOf(app, account);
  const subject = { ip: request.ip, email };
  const policy = policies && firstMatch(policies, ["allow", "deny"], subject);
  if (!app || policy?.decision !== "allow") return refuse(403, `${email} may not open this application.`);
  const lastsMs = sessionMs(app, policy);
  const token = parts.assertions.signIn(account, {
    accountId: account.id,
    aud: app.aud,
    email,
    sub: subjectId(account, email),
    ip: request.ip,
    ...(request.country === undefined ? {} : { country: request.country }),
    startedAt: request.time,
    endsAt: request.time + lastsMs,
  });
  const cookie = setCookie(SESSION_COOKIE, token, {
    maxAgeSeconds: Math.floor(lastsMs / 1000),
    httpOnly: app.http_only_cookie_attribute,
    path: cookiePath(app),
    sameSite: app.same_site_cookie_attribute === "strict" ? "Strict" : "Lax",
  });
  return {
    kind: "redirect",
    // an absolute URL: a path such as //example.org would lead to another site
    location: `http://${target.authority}${target.returnTo}`,
    headers: [["Set-Cookie", cookie]],
  };
}

/** The path of the cookie, where the application wants one: that of its destination, without wildcards. */
function cookiePath({ path_cookie_attribute: isWanted, domain }: StoredAccessApp): string {
  const path = domain.includes("/") ? domain.slice(domain.indexOf("/")) : "/";
  return isWanted === true && /^[^*;]+$/.test(path) ? path : "/";
}

/** Whether a request comes from the browser, and to the hostname, that began a login. */
function isBrowserOf(request: AccessRequest, { authority, browser }: LoginTarget): boolean {
  const [cookie = ""] = cookieValues(headerValues(request, "cookie"), BROWSER_COOKIE);
  const given = Buffer.from(browserDigest(cookie));
  const right = Buffer.from(browser);
  return request.authority === authority && given.length === right.length && timingSafeEqual(given, right);
}

function logout(request: AccessRequest, account: AccessAccount, { assertions }: EndpointParts): AccessResponse {
  const found = assertions.sessionOf(request, account);
  if (found) assertions.signOut(found.session);
  return {
    kind: "page",
    status: 200,
    text: "You are signed out of every application of this team.",
    headers: [["Set-Cookie", setCookie(SESSION_COOKIE, "", { maxAgeSeconds: 0 })]],
  };
}

function identity(request: AccessRequest, account: AccessAccount, { assertions }: EndpointParts): AccessResponse {
  const found = assertions.sessionOf(request, account);
  if (!found) return refuse(401, "There is no session: send the cookie CF_Authorization.");
  const { email, sub, country, ip, startedAt } = found.session;
  return json({
    email,
    user_uuid: sub,
    account_id: account.id,
    iat: Math.floor(startedAt / 1000),
    ip,
    idp: { id: account.access.identity_providers[0]?.id ?? "", type: "onetimepin" },
    geo: { country: country ?? "" },
    service_token_status: false,
    is_warp: false,
    is_gateway: false,
    version: 2,
  });
}
