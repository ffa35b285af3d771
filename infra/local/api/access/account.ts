/** What an account has of Access: what its file says, or what a new account starts with. */
import { createHash } from "node:crypto";
import type { StoredAccount } from "../state.ts";
import type { StoredAccess } from "./stored.ts";

/**
 * The account's Access. A new account has an organization named after it, and its mails of one-time PINs as the only
 * way to sign in; a state file of an earlier version has the same.
 */
export function accessOf({ id, name, created_on, access }: StoredAccount): StoredAccess {
  if (access) return access;
  const times = { created_at: created_on, updated_at: created_on };
  return {
    organization: {
      name,
      auth_domain: `${teamName(name)}.cloudflareaccess.com`,
      session_duration: "24h",
      deny_unmatched_requests: false,
      deny_unmatched_requests_exempted_zone_names: [],
      ...times,
    },
    identity_providers: [{ id: uuidOf(`one-time PIN ${id}`), name: "One-time PIN", type: "onetimepin" }],
    apps: [],
    policies: [],
    service_tokens: [],
  };
}

/** Letters, digits and hyphens of a name. */
const teamName = (name: string): string =>
  name
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "-")
    .slice(0, 63)
    .replace(/^-|-$/g, "") || "team";

/** A UUID that depends on the text alone (RFC 9562, version 8). */
function uuidOf(text: string): string {
  const hex = createHash("sha256").update(text).digest("hex");
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-a${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}
