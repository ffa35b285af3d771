import type { StoredAccessApp, StoredAccessPolicy } from "../api/access/index.ts";
import type { AccessAccount } from "../api/state.ts";
import { applicationFor } from "./applications.ts";
import { type Assertions, sessionMs } from "./assertions.ts";
import type { LoginAttempts } from "./login-attempts.ts";
import { redirectToLogin } from "./login-redirect.ts";
import { type AccessDecision, type AccessRequest, headerValues, refuse } from "./outcome.ts";
import { type AccessSubject, firstMatch, policiesOf } from "./policies.ts";
import { shownToken } from "./service-token.ts";

/** What a decision uses besides the request. */
interface DecisionParts {
  readonly account: AccessAccount;
  readonly assertions: Assertions;
  readonly attempts: LoginAttempts<unknown>;
}

const NOT_LOCAL =
  "This is an imitation of Cloudflare Access, where anyone may be anyone: it serves programs on this machine alone, " +
  "and no proxy.";
const PASS: AccessDecision = { kind: "pass" };

/**
 * Decides on a request for a hostname of a zone, after the rules and before the origin. It is stricter than Cloudflare
 * in one point: policies count with every request, while Cloudflare checks addresses at the login alone.
 */
export function decideAccess(request: AccessRequest, zoneName: string, parts: DecisionParts): AccessDecision {
  const { access } = parts.account;
  const app = applicationFor(access, request.host, request.uri);
  if (!app) {
    const { deny_unmatched_requests: denies, deny_unmatched_requests_exempted_zone_names: exempted } =
      access.organization;
    if (!denies || exempted.includes(zoneName)) return PASS;
    return refuse(
      403,
      "No application of Cloudflare Access covers this hostname.",
      `Access denies what no application covers (deny_unmatched_requests), and none covers ${request.host}`,
    );
  }
  if (!request.isLocal) return refuse(403, NOT_LOCAL);
  if (app.options_preflight_bypass && isPreflight(request)) return PASS;
  const shown = shownToken(request, access);
  if (shown === undefined) return decideOnPerson(request, app, parts);
  if ("problem" in shown) return refuse(401, "The service token is not accepted.", `Access: ${shown.problem}`);
  const { id, name, client_id } = shown.token;
  const passed = passWithoutPerson(request, app, parts, { ip: request.ip, tokenId: id }, client_id);
  const reason = `Access: no policy of ${app.name} accepts the service token ${name}`;
  return passed ?? refuse(403, "The service token may not open this application.", reason);
}

/** What bypass and service policies let pass; undefined where none of them is met. */
function passWithoutPerson(
  request: AccessRequest,
  app: StoredAccessApp,
  { account, assertions }: DecisionParts,
  subject: AccessSubject,
  clientId?: string,
): AccessDecision | undefined {
  const policy = firstMatch(policiesOf(app, account), ["bypass", "non_identity"], subject);
  if (!policy) return undefined;
  if (policy.decision === "bypass") return PASS;
  const ends = { aud: app.aud, endsAt: request.time + sessionMs(app, policy) };
  return { kind: "pass", assertion: assertions.forService(account, ends, request.time, clientId) };
}

function decideOnPerson(request: AccessRequest, app: StoredAccessApp, parts: DecisionParts): AccessDecision {
  const { account, assertions, attempts } = parts;
  const passed = passWithoutPerson(request, app, parts, { ip: request.ip });
  if (passed) return passed;
  const policies = policiesOf(app, account);
  const found = assertions.sessionOf(request, account, app.aud);
  if (found) {
    const { email } = found.session;
    if (allows(policies, { ip: request.ip, email })) return { kind: "pass", assertion: found.token };
    return refuse(
      403,
      `${email} may not open this application. To sign in with another address, open /cdn-cgi/access/logout first.`,
      `Access: no policy of ${app.name} lets ${email} pass from ${request.ip}`,
    );
  }
  if (!policies.some(({ decision }) => decision === "allow")) {
    const status = app.service_auth_401_redirect === true ? 401 : 403;
    return refuse(
      status,
      "This application is for services.",
      `Access: ${app.name} has no policy that people can meet`,
    );
  }
  // https://developers.cloudflare.com/cloudflare-one/access-controls/access-settings/session-management/#ajax
  if (headerValues(request, "x-requested-with").includes("XMLHttpRequest"))
    return refuse(401, "Sign in, then send the request again.", "Access: a script sent it, without a session");
  return redirectToLogin(request, account, app, attempts);
}

/** Whether the first policy of people that a subject meets allows it. */
export const allows = (policies: readonly StoredAccessPolicy[], subject: AccessSubject): boolean =>
  firstMatch(policies, ["allow", "deny"], subject)?.decision === "allow";

/** https://fetch.spec.whatwg.org/#cors-preflight-fetch */
const isPreflight = (request: AccessRequest): boolean =>
  request.method === "OPTIONS" &&
  headerValues(request, "origin").length === 1 &&
  headerValues(request, "access-control-request-method").length === 1;
