/** Places behind Cloudflare Access: whether they are closed to a request without a session or a service token. */
import type Cloudflare from "cloudflare";
import { hasPath } from "../../infra/policy/without-rules.ts";
import { AccountError, callApi } from "../cloudflare-account/account.ts";
import { kindOf, nameOf, type StateResource } from "../pulumi-cli/stack-state.ts";
import type { StatusCheck } from "./check.ts";
import { type EdgeExchange, requestThroughEdge, type StatusEdge } from "./edge-request.ts";
import { loginOf, outcomeOf } from "./health-request.ts";
import { certificateCheck } from "./site-checks.ts";

/** What an application of the stack covers: a hostname, or a path of it and all below. */
export interface ProtectedPlace {
  /** Name of the application in the program. */
  readonly application: string;
  readonly id: string;
  readonly accountId: string;
  /** The audience of its assertions. */
  readonly audience: string;
  readonly hostname: string;
  /** Empty: all paths. */
  readonly path: string;
}

/** The places of the applications in the state. */
export const protectedPlaces = (resources: readonly StateResource[]): readonly ProtectedPlace[] =>
  resources
    .filter((resource) => kindOf(resource) === "application of Access")
    .map(({ urn, id = "", inputs, outputs }) => {
      const [hostname = "", ...path] = String(inputs?.domain).split("/");
      return {
        ...{ application: nameOf(urn), id, accountId: String(inputs?.accountId), audience: String(outputs?.aud) },
        ...{ hostname, path: path.length === 0 ? "" : `/${path.join("/")}` },
      };
    });

/** Whether requests for the path need an assertion, so that none of this program reaches the origin. */
export const isProtected = (places: readonly ProtectedPlace[], hostname: string, path: string): boolean =>
  places.some((place) => place.hostname === hostname && (place.path === "" || hasPath(place.path, path)));

/** Looks each application up, and sends one request to its place. @throws AccountError */
export async function accessChecks(
  api: Cloudflare,
  places: readonly ProtectedPlace[],
  { edge, timeoutMs }: { readonly edge: StatusEdge; readonly timeoutMs: number },
): Promise<readonly StatusCheck[]> {
  const now = Date.now();
  const checked = places.map(async (place) => {
    const { hostname, path } = place;
    const exchange = await requestThroughEdge({ hostname, path: path || "/", edge, timeoutMs });
    const shown =
      path === "" ? certificateCheck(hostname, exchange.certificate, { isTls: edge.isTls, now }) : undefined;
    const isThere = await exists(api, place);
    return [placeCheck(place, isThere, exchange), ...(shown === undefined ? [] : [shown])];
  });
  return (await Promise.all(checked)).flat();
}

async function exists(api: Cloudflare, { id, accountId }: ProtectedPlace): Promise<boolean> {
  try {
    const read = api.zeroTrust.access.applications.get(id, { account_id: accountId });
    await callApi(read, "Access: Apps and Policies Write");
    return true;
  } catch (error) {
    if (error instanceof AccountError && error.status === 404) return false;
    throw error;
  }
}

/** `isThere`: Cloudflare has the application. */
export function placeCheck(place: ProtectedPlace, isThere: boolean, exchange: EdgeExchange): StatusCheck {
  const check = { name: "application", subject: `${place.hostname}${place.path}` } as const;
  const wrong = (message: string): StatusCheck => ({ ...check, state: "wrong", message });
  if (!isThere) {
    return wrong(`${place.application} was deleted elsewhere: nobody gets in; \`npm run up\` makes it again`);
  }
  const { response } = exchange;
  const outcome = outcomeOf(exchange);
  const reason = outcome.kind === "reached" ? "" : outcome.reason;
  if (response?.ray === undefined || response.status >= 500) return wrong(reason);
  if (response.isChallenge || response.status === 429) return { ...check, state: "not known", message: reason };
  const login = loginOf(response);
  const audience = login?.searchParams.get("kid");
  if (login !== undefined && audience && audience !== place.audience) {
    return wrong(`leads to the login of an application that is not ${place.application}`);
  }
  if (login !== undefined) return { ...check, state: "well", message: `leads to the login at ${login.hostname}` };
  // a service token is asked for, or a rule refuses before Access is asked
  if ([401, 403].includes(response.status)) {
    return { ...check, state: "well", message: `closed: status ${response.status} without an assertion` };
  }
  return wrong(`open: status ${response.status} without a login`);
}
