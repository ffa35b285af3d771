/**
 * Who calls, and what that token may do
 * (https://developers.cloudflare.com/fundamentals/api/get-started/create-token/).
 */
import { createHash, timingSafeEqual } from "node:crypto";
import { ApiError } from "../errors.ts";
import type { PermissionGroup, StoredToken } from "../state.ts";

/** Whether the path has its own message for a wrong token. */
function isVerification(path: string): boolean {
  return path.endsWith("/tokens/verify");
}

/**
 * The token of an `Authorization: Bearer` header; 400, 401 or 403 as the API responds to one that is missing,
 * malformed or unknown.
 */
export function authenticate(header: string | undefined, path: string, tokens: readonly StoredToken[]): StoredToken {
  if (header === undefined) {
    throw new ApiError(400, { code: 9106, message: "Missing X-Auth-Key, X-Auth-Email or Authorization headers" });
  }
  const value = /^Bearer +([\x21-\x7e]{1,512})$/i.exec(header)?.[1];
  if (value === undefined) {
    throw new ApiError(400, [
      { code: 6003, message: "Invalid request headers" },
      { code: 6111, message: "Invalid format for Authorization header" },
    ]);
  }
  // every token is compared, and by digest, so that the time reveals neither which one nor how much of it was right
  const given = digest(value);
  let found: StoredToken | undefined;
  for (const token of tokens) if (timingSafeEqual(digest(token.value), given)) found = token;
  if (found) return found;
  throw isVerification(path)
    ? new ApiError(401, { code: 1000, message: "Invalid API Token" })
    : new ApiError(403, { code: 9109, message: "Invalid access token" });
}

const PERMISSIONS_PAGE = "https://developers.cloudflare.com/fundamentals/api/reference/permissions/";

/**
 * A Write group includes its Read. @throws 403 code 10000 unless the token has one of the groups, with the permission
 * that is missing and where it is documented (Cloudflare's changelog, 2026-08-21; the words are ours)
 */
export function authorize(token: StoredToken, groups: readonly PermissionGroup[]): void {
  const allowed = groups.some((group) => {
    // some groups that write are called Edit
    const stem = group.replace(/ Read$/, "");
    return token.permissions.some((has) => has === group || has === `${stem} Write` || has === `${stem} Edit`);
  });
  if (allowed) return;
  const missing =
    groups.length === 1
      ? `the permission "${groups[0]}"`
      : `one of the permissions ${groups.map((group) => `"${group}"`).join(", ")}`;
  throw new ApiError(403, {
    code: 10000,
    message: `Authentication error: the token needs ${missing}`,
    documentation_url: PERMISSIONS_PAGE,
  });
}

function digest(value: string): Buffer {
  return createHash("sha256").update(value).digest();
}
