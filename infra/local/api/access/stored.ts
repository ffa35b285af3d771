/**
 * What an account has of Cloudflare Access, by the names of
 * https://developers.cloudflare.com/api/resources/zero_trust/subresources/access/. Unrecorded (access): the responses
 * follow the SDK's types and Cloudflare's OpenAPI document.
 */

/** One selector of a policy. The other selectors of Cloudflare are not imitated. */
export type AccessSelector =
  | { readonly everyone: object }
  | { readonly email: { readonly email: string } }
  | { readonly email_domain: { readonly domain: string } }
  /** An address, or a network with a prefix. */
  | { readonly ip: { readonly ip: string } }
  | { readonly service_token: { readonly token_id: string } }
  | { readonly any_valid_service_token: object };

/** A reusable policy: one of `include`, all of `require` and none of `exclude` must be met. */
export interface StoredAccessPolicy {
  readonly id: string;
  readonly name: string;
  readonly decision: "allow" | "deny" | "non_identity" | "bypass";
  readonly include: readonly AccessSelector[];
  readonly exclude: readonly AccessSelector[];
  readonly require: readonly AccessSelector[];
  /** Null: the application's. */
  readonly session_duration: string | null;
  readonly created_at: string;
  readonly updated_at: string;
}

/** What an application covers: a hostname and perhaps a path, without scheme, port and query. */
export interface AccessDestination {
  readonly type: "public";
  readonly uri: string;
}

export interface StoredAccessApp {
  readonly id: string;
  /** The audience of its assertions: 64 hex digits. */
  readonly aud: string;
  readonly name: string;
  readonly type: "self_hosted";
  /** The first of its destinations. */
  readonly domain: string;
  readonly destinations: readonly AccessDestination[];
  /** By id; the lowest precedence is evaluated first. */
  readonly policies: readonly { readonly id: string; readonly precedence: number }[];
  readonly session_duration: string;
  readonly app_launcher_visible: boolean;
  readonly auto_redirect_to_identity: boolean;
  readonly allowed_idps: readonly string[];
  readonly tags: readonly string[];
  readonly skip_interstitial?: boolean;
  /** Absent: as the organization allows. */
  readonly allow_authenticate_via_warp?: false;
  readonly enable_binding_cookie: false;
  readonly http_only_cookie_attribute: boolean;
  readonly same_site_cookie_attribute?: "none" | "lax" | "strict";
  readonly path_cookie_attribute?: boolean;
  /** OPTIONS requests before a request of another origin reach the origin without a session. */
  readonly options_preflight_bypass: boolean;
  /** 401 instead of 403 where a policy wants a service token. */
  readonly service_auth_401_redirect?: boolean;
  readonly created_at: string;
  readonly updated_at: string;
}

export interface StoredServiceToken {
  readonly id: string;
  readonly name: string;
  /** 32 hex digits and `.access`. */
  readonly client_id: string;
  /** SHA-256 in hex of the secret, which is not stored itself. */
  readonly secret_digest: string;
  /** 1 at first; a higher one made a new secret. */
  readonly client_secret_version: number;
  /** The secret before, and until when it counts: RFC 3339, as it was given. */
  readonly previous?: { readonly secret_digest: string; readonly expires_at: string };
  readonly duration: string;
  /** Null: it never expires. */
  readonly expires_at: string | null;
  readonly enabled: boolean;
  readonly created_at: string;
  readonly updated_at: string;
}

export interface StoredOrganization {
  readonly name: string;
  /** The team's domain, `TEAM.cloudflareaccess.com`. */
  readonly auth_domain: string;
  readonly session_duration: string;
  /** Hostnames without an application are blocked, but in the zones that are named. */
  readonly deny_unmatched_requests: boolean;
  readonly deny_unmatched_requests_exempted_zone_names: readonly string[];
  readonly created_at: string;
  readonly updated_at: string;
}

interface StoredIdentityProvider {
  readonly id: string;
  readonly name: string;
  readonly type: "onetimepin";
}

export interface StoredAccess {
  organization: StoredOrganization;
  readonly identity_providers: readonly StoredIdentityProvider[];
  apps: readonly StoredAccessApp[];
  policies: readonly StoredAccessPolicy[];
  service_tokens: readonly StoredServiceToken[];
}
