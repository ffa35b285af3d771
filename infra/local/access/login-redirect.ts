import { randomBytes } from "node:crypto";
import type { StoredAccessApp } from "../api/access/index.ts";
import type { AccessAccount } from "../api/state.ts";
import { cookieValues, setCookie } from "./cookies.ts";
import { browserDigest, type LoginAttempts } from "./login-attempts.ts";
import { type AccessDecision, type AccessRequest, headerValues } from "./outcome.ts";

/** The cookie that ties a login to the browser that began it; Cloudflare's has the same name and lasts as long. */
export const BROWSER_COOKIE = "CF_AppSession";
const DAY_SECONDS = 86_400;
const SUFFIX = ".cloudflareaccess.com";

/**
 * A team's domain has this name on this machine: browsers resolve names under localhost to it by themselves (RFC 6761).
 * Its own name, `TEAM.cloudflareaccess.com`, leads to Cloudflare.
 */
const localTeamDomain = ({ access }: AccessAccount): string =>
  access.organization.auth_domain.replace(SUFFIX, ".cloudflareaccess.localhost");

/** The account whose team has this domain, by its own name or by the one on this machine. */
export function accountOfTeam(accounts: readonly AccessAccount[], host: string): AccessAccount | undefined {
  return accounts.find(
    (account) => host === account.access.organization.auth_domain || host === localTeamDomain(account),
  );
}

const portOf = (authority: string): string => /:\d+$/.exec(authority)?.[0] ?? "";

/** Leads a visitor without a session to the team's login page. */
export function redirectToLogin(
  request: AccessRequest,
  account: AccessAccount,
  app: StoredAccessApp,
  attempts: LoginAttempts<unknown>,
): Extract<AccessDecision, { kind: "redirect" }> {
  const [known] = cookieValues(headerValues(request, "cookie"), BROWSER_COOKIE);
  const browser = known !== undefined && /^[\w-]{32}$/.test(known) ? known : randomBytes(24).toString("base64url");
  const meta = attempts.seal(
    {
      accountId: account.id,
      aud: app.aud,
      authority: request.authority,
      returnTo: request.uri,
      browser: browserDigest(browser),
    },
    request.time,
  );
  const query = new URLSearchParams({ kid: app.aud, meta });
  const page = `http://${localTeamDomain(account)}${portOf(request.authority)}/cdn-cgi/access/login/${request.host}`;
  return {
    kind: "redirect",
    location: `${page}?${query}`,
    headers: [["Set-Cookie", setCookie(BROWSER_COOKIE, browser, { maxAgeSeconds: DAY_SECONDS })]],
  };
}
