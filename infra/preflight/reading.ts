import Cloudflare from "cloudflare";
import type { Obstacle } from "./obstacle.ts";
import { PERMISSIONS, type PermissionName } from "./permissions.ts";

/** The result of a read of the account: a value, or why there is none. */
export type ReadResult<T> = { readonly value: T } | { readonly obstacle: Obstacle };

/** Whether a call reads or writes, for its messages. */
type Verb = "read" | "write";

/**
 * Reads, and turns a refusal of Cloudflare into an obstacle that names the permission; undefined where none is needed.
 * Errors that are no response of the API are thrown.
 */
export async function reading<T>(
  what: string,
  permission: PermissionName | undefined,
  read: () => PromiseLike<T>,
  verb: Verb = "read",
): Promise<ReadResult<T>> {
  try {
    return { value: await read() };
  } catch (error) {
    return { obstacle: obstacleOf(error, what, permission, verb) };
  }
}

/** Codes of the obstacles for something that could not be read. */
const READ_FAILURES = new Set(["token", "permission", "unreachable", "throttled", "api_error"]);

/** Whether an obstacle is that something could not be read, and not something that was found. */
export const isReadFailure = ({ code }: Obstacle): boolean => READ_FAILURES.has(code);

/** Waits for a read; undefined where the API has no such thing. */
export async function unlessMissing<T>(read: PromiseLike<T>): Promise<T | undefined> {
  try {
    return await read;
  } catch (error) {
    if (error instanceof Cloudflare.NotFoundError) return undefined;
    throw error;
  }
}

/** "Invalid access token": also with 403, where it is no missing permission. */
const INVALID_TOKEN = 9109;
/** "Invalid request headers": the token has not the form of one. */
const MALFORMED_TOKEN = 6003;

/** Whether the API did not accept the token at all. */
export const isUnauthenticated = (error: unknown): boolean =>
  error instanceof Cloudflare.AuthenticationError ||
  (error instanceof Cloudflare.APIError &&
    error.errors.some(({ code }) => code === INVALID_TOKEN || code === MALFORMED_TOKEN));

function obstacleOf(error: unknown, what: string, permission: PermissionName | undefined, verb: Verb): Obstacle {
  if (isUnauthenticated(error)) {
    return {
      code: "token",
      found:
        "Cloudflare does not accept the API token " +
        `(${error instanceof Cloudflare.APIError ? describeResponse(error) : ""})`,
      fix:
        "It is wrong, revoked or expired. Set `cloudflare:apiToken` or CLOUDFLARE_API_TOKEN to a valid one; a " +
        "token that belongs to an account also needs `accountId`.",
    };
  }
  if (error instanceof Cloudflare.PermissionDeniedError) {
    return {
      code: "permission",
      found: `the API token may not ${verb} ${what} (${describeResponse(error)})`,
      fix:
        (permission === undefined
          ? "Use another token."
          : `Give the token the permission "${permission}", called "${PERMISSIONS[permission].dashboard}" there, in ` +
            "https://dash.cloudflare.com/profile/api-tokens.") + documentationOf(error),
    };
  }
  if (error instanceof Cloudflare.APIConnectionError) {
    return {
      code: "unreachable",
      found:
        `Cloudflare's API could not be reached while ${verb === "read" ? "reading" : "checking"} ${what}: ` +
        `${causeOf(error)}`,
      fix: "Check the network and `cloudflare:baseUrl`, then run again.",
    };
  }
  if (error instanceof Cloudflare.APIError) {
    return {
      code: error.status === 429 ? "throttled" : "api_error",
      found:
        `Cloudflare responded with ${error.status ?? "nothing"} while ${verb === "read" ? "reading" : "checking"} ` +
        `${what} (${describeResponse(error)})`,
      fix:
        error.status === 429
          ? "Wait five minutes, then run again."
          : `Run again; if it stays, see https://www.cloudflarestatus.com.${documentationOf(error)}`,
    };
  }
  throw error;
}

type SdkError = InstanceType<typeof Cloudflare.APIError>;

/** Codes and messages; since 2026-08 the message of a 403 names the permission that is missing. */
const describeResponse = (error: SdkError): string =>
  error.errors?.map(({ code, message }) => `${code} ${message}`).join("; ") || "no reason given";

/** Since 2026-08 errors may carry the page that explains them. Only Cloudflare's own pages are repeated. */
function documentationOf({ errors }: SdkError): string {
  const pages = errors.flatMap((item: object) => {
    const page = "documentation_url" in item ? item.documentation_url : undefined;
    const host = typeof page === "string" ? URL.parse(page)?.hostname : undefined;
    return host === "cloudflare.com" || host?.endsWith(".cloudflare.com") ? [page] : [];
  });
  return pages.length === 0 ? "" : ` See ${[...new Set(pages)].join(", ")}.`;
}

/** The innermost cause of an error: it has what happened, while the outer ones are "fetch failed". */
function causeOf(error: Error): string {
  return error.cause instanceof Error ? causeOf(error.cause) : error.message;
}
