/**
 * Zones, read only: the kit looks its zone up and never owns it
 * (https://developers.cloudflare.com/api/resources/zones/).
 */
import { createHash } from "node:crypto";
import { PLANS } from "../../../rules/index.ts";
import { zoneOf } from "../http/handler-call.ts";
import { paged } from "../http/paging.ts";
import type { ApiRoute, HandlerCall } from "../http/router.ts";
import type { Plan, StoredZone } from "../state.ts";

/** Dollars a month, https://www.cloudflare.com/plans/ (read 2026-11-22); Enterprise is by contract. */
const plans: Readonly<Record<Plan, { name: string; price: number; pageRules: number }>> = {
  free: { name: "Free Website", price: 0, pageRules: 3 },
  pro: { name: "Pro Website", price: 25, pageRules: 20 },
  business: { name: "Business Website", price: 250, pageRules: 50 },
  enterprise: { name: "Enterprise Website", price: 0, pageRules: 125 },
};

function planOf(plan: Plan, subscribed: boolean) {
  return {
    id: createHash("md5").update(`plan ${plan}`).digest("hex"),
    name: plans[plan].name,
    price: plans[plan].price,
    currency: "USD",
    frequency: "monthly",
    is_subscribed: subscribed,
    can_subscribe: false,
    legacy_id: plan,
    legacy_discount: false,
    externally_managed: false,
  };
}

function shownZone(zone: StoredZone, call: HandlerCall) {
  const account = call.state.accounts.find(({ id }) => id === zone.account_id);
  return {
    id: zone.id,
    name: zone.name,
    status: zone.status ?? "active",
    paused: zone.paused ?? false,
    type: "full",
    development_mode: 0,
    name_servers: ["ada.ns.cloudflare.com", "bob.ns.cloudflare.com"],
    original_name_servers: null,
    original_registrar: null,
    original_dnshost: null,
    modified_on: zone.modified_on,
    created_on: zone.created_on,
    activated_on: zone.created_on,
    meta: {
      step: 4,
      custom_certificate_quota: 0,
      page_rule_quota: plans[zone.plan].pageRules,
      phishing_detected: false,
    },
    owner: { id: null, type: "user", email: null },
    account: { id: zone.account_id, name: account?.name ?? "" },
    tenant: { id: null, name: null },
    tenant_unit: { id: null },
    permissions: ["#zone:read"],
    plan: planOf(zone.plan, zone.plan !== "free"),
  };
}

function listZones(call: HandlerCall) {
  call.requirePermission("Zone Read");
  const { query } = call;
  const wanted: [string | null, (zone: StoredZone) => string][] = [
    [query.get("name")?.toLowerCase() ?? null, (zone) => zone.name],
    [query.get("account.id"), (zone) => zone.account_id],
    [query.get("status"), (zone) => zone.status ?? "active"],
    [query.get("type"), () => "full"],
  ];
  const given = wanted.filter(([value]) => value !== null && value !== "");
  const zones = call.state.zones
    .filter((zone) => zone.account_id === call.token.account_id)
    .filter((zone) => {
      const matches = given.map(([value, of]) => value === of(zone));
      return query.get("match") === "any" && matches.length > 0 ? matches.some(Boolean) : matches.every(Boolean);
    })
    .map((zone) => shownZone(zone, call));
  return paged(zones, query, { default: 20, max: 50 });
}

export const zoneRoutes: readonly ApiRoute[] = [
  { method: "GET", path: "/zones", handle: listZones },
  {
    method: "GET",
    path: "/zones/:zone",
    handle(call) {
      call.requirePermission("Zone Read");
      return { result: shownZone(zoneOf(call), call) };
    },
  },
  {
    method: "GET",
    path: "/zones/:zone/available_plans",
    handle(call) {
      call.requirePermission("Zone Read");
      const { plan } = zoneOf(call);
      return { result: PLANS.map((name) => planOf(name, name === plan)) };
    },
  },
];
