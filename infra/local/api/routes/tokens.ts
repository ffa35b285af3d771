/**
 * Verification of tokens: of users
 * (https://developers.cloudflare.com/api/resources/user/subresources/tokens/methods/verify/) and of accounts.
 */

import { accountOf } from "../http/handler-call.ts";
import type { ApiRoute, HandlerCall } from "../http/router.ts";

const verified = (call: HandlerCall) => ({ result: { id: call.token.id, status: "active" } });

export const tokenRoutes: readonly ApiRoute[] = [
  { method: "GET", path: "/user/tokens/verify", handle: verified },
  {
    method: "GET",
    path: "/accounts/:account/tokens/verify",
    handle(call) {
      accountOf(call);
      return verified(call);
    },
  },
];
