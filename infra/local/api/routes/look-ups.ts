/**
 * What programs look up besides zones: Cloudflare's networks, the accounts and the user of a token. Unrecorded
 * (getAccounts, getIpRanges, getUser): the members follow the types of Cloudflare's SDK
 * (https://developers.cloudflare.com/api/resources/ips/ and its like).
 */
import { createHash } from "node:crypto";
import { CLOUDFLARE_NETWORKS } from "../../../rules/index.ts";
import { invalid } from "../errors.ts";
import { accountOf } from "../http/handler-call.ts";
import { paged } from "../http/paging.ts";
import type { ApiRoute, HandlerCall } from "../http/router.ts";
import type { StoredAccount } from "../state.ts";

const shownAccount = ({ id, name, created_on }: StoredAccount) => ({
  id,
  name,
  type: "standard",
  settings: { enforce_twofactor: false },
  created_on,
});

/** A token belongs to one account, and sees that one. */
function listAccounts({ state, token, query }: HandlerCall) {
  const name = query.get("name");
  const accounts = state.accounts.filter(
    (account) => account.id === token.account_id && (name === null || name === "" || account.name === name),
  );
  return paged(accounts.map(shownAccount), query, { default: 20, max: 50 });
}

function listNetworks({ query }: HandlerCall) {
  const networks = query.get("networks") ?? "";
  if (networks !== "" && networks !== "jdcloud") {
    // the numeric code is ours
    throw invalid(1004, `networks must be jdcloud, or not be there; it is '${networks.slice(0, 100)}'`);
  }
  const { ipv4, ipv6 } = CLOUDFLARE_NETWORKS;
  const etag = createHash("md5")
    .update([...ipv4, ...ipv6].join())
    .digest("hex");
  // the networks of JD Cloud are no facts of ours
  return { result: { etag, ipv4_cidrs: ipv4, ipv6_cidrs: ipv6, ...(networks && { jdcloud_cidrs: [] }) } };
}

/** The one user of the Cloudflare on localhost, a member of the token's account. */
function showUser(call: HandlerCall) {
  call.requirePermission("User Details Read");
  const { state, token } = call;
  const account = state.accounts.find(({ id }) => id === token.account_id);
  const plans = state.zones.filter((zone) => zone.account_id === token.account_id).map(({ plan }) => plan);
  return {
    result: {
      id: createHash("md5").update(`user of ${token.account_id}`).digest("hex"),
      email: "operator@causeway.localhost",
      first_name: null,
      last_name: null,
      telephone: null,
      country: null,
      zipcode: null,
      betas: [],
      suspended: false,
      two_factor_authentication_enabled: false,
      two_factor_authentication_locked: false,
      has_pro_zones: plans.includes("pro"),
      has_business_zones: plans.includes("business"),
      has_enterprise_zones: plans.includes("enterprise"),
      organizations: [
        {
          id: token.account_id,
          name: account?.name ?? "",
          status: "member",
          permissions: [],
          roles: ["Administrator"],
        },
      ],
    },
  };
}

export const lookUpRoutes: readonly ApiRoute[] = [
  { method: "GET", path: "/ips", handle: listNetworks },
  { method: "GET", path: "/accounts", handle: listAccounts },
  { method: "GET", path: "/accounts/:account", handle: (call) => ({ result: shownAccount(accountOf(call)) }) },
  { method: "GET", path: "/user", handle: showUser },
];
