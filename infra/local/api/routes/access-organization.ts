/**
 * The Zero Trust organization of an account
 * (https://developers.cloudflare.com/api/resources/zero_trust/subresources/organizations/) and its ways to sign in,
 * which are read only.
 */
import { type AccessCall, accessCall, storeAccess } from "../access/call.ts";
import { refuse, unknown } from "../access/errors.ts";
import { organizationChange } from "../access/shapes.ts";
import type { StoredOrganization } from "../access/stored.ts";
import { bodyOf } from "../http/handler-call.ts";
import { paged } from "../http/paging.ts";
import type { ApiRoute } from "../http/router.ts";

const READ = "Access: Organizations, Identity Providers, and Groups Read";
const WRITE = "Access: Organizations, Identity Providers, and Groups Write";

const shown = ({ access }: AccessCall, organization: StoredOrganization = access.organization) => ({
  ...organization,
  allow_authenticate_via_warp: false,
  auto_redirect_to_identity: false,
  is_ui_read_only: false,
  login_design: {},
  strict_service_token_auth: true,
});

const base = "/accounts/:account/access";

export const accessOrganizationRoutes: readonly ApiRoute[] = [
  {
    method: "GET",
    path: `${base}/organizations`,
    handle: (call) => ({ result: shown(accessCall(call, READ)) }),
  },
  ...(["PUT", "PATCH"] as const).map(
    (method): ApiRoute => ({
      method,
      path: `${base}/organizations`,
      body: "required",
      handle(call) {
        const on = accessCall(call, WRITE);
        const { strict_service_token_auth: _always, ...body } = bodyOf(call, organizationChange, refuse);
        const organization = { ...on.access.organization, ...body, updated_at: call.clock.timestamp() };
        storeAccess(call, on, { organization });
        return { result: shown(on, organization) };
      },
    }),
  ),
  {
    method: "GET",
    path: `${base}/identity_providers`,
    handle(call) {
      const { access } = accessCall(call, READ);
      return paged(
        access.identity_providers.map((provider) => ({ ...provider, config: {} })),
        call.query,
        { default: 25, max: 1000 },
      );
    },
  },
  {
    method: "GET",
    path: `${base}/identity_providers/:provider`,
    handle(call) {
      const { access } = accessCall(call, READ);
      const found = access.identity_providers.find(({ id }) => id === call.params.provider);
      if (!found) throw unknown("identity_provider");
      return { result: { ...found, config: {} } };
    },
  },
];
