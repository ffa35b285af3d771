/**
 * Reusable policies of Access
 * (https://developers.cloudflare.com/api/resources/zero_trust/subresources/access/subresources/policies/).
 */
import { randomUUID } from "node:crypto";
import { type AccessCall, accessCall, storeAccess } from "../access/call.ts";
import { inUse, refuse, tooMany, unknown } from "../access/errors.ts";
import { policyBody } from "../access/shapes.ts";
import type { StoredAccessPolicy } from "../access/stored.ts";
import { bodyOf } from "../http/handler-call.ts";
import { paged } from "../http/paging.ts";
import type { ApiRoute, HandlerCall, HandlerResult } from "../http/router.ts";

const READ = "Access: Apps and Policies Read";
const WRITE = "Access: Apps and Policies Write";
/** https://developers.cloudflare.com/cloudflare-one/account-limits/ */
const MAX_POLICIES = 500;

function shown(policy: StoredAccessPolicy, { access }: AccessCall) {
  const users = access.apps.filter(({ policies }) => policies.some(({ id }) => id === policy.id));
  return { ...policy, app_count: users.length, reusable: true };
}

function policyOf(call: HandlerCall, { access }: AccessCall): StoredAccessPolicy {
  const found = access.policies.find(({ id }) => id === call.params.policy);
  if (!found) throw unknown("policy");
  return found;
}

/** A policy as a body gives it: a PUT leaves nothing of the one before but its id. */
function write(call: HandlerCall, on: AccessCall, before?: StoredAccessPolicy): HandlerResult {
  const body = bodyOf(call, policyBody, refuse) as Partial<StoredAccessPolicy>;
  const { policies } = on.access;
  const now = call.clock.timestamp();
  const policy: StoredAccessPolicy = {
    id: before?.id ?? randomUUID(),
    name: body.name ?? "",
    decision: body.decision ?? "deny",
    include: body.include ?? [],
    exclude: body.exclude ?? [],
    require: body.require ?? [],
    session_duration: body.session_duration ?? null,
    created_at: before?.created_at ?? now,
    updated_at: now,
  };
  const next = before ? policies.map((one) => (one.id === policy.id ? policy : one)) : [...policies, policy];
  if (next.length > MAX_POLICIES) throw tooMany("policy", MAX_POLICIES);
  storeAccess(call, on, { policies: next });
  return { result: shown(policy, on) };
}

function remove(call: HandlerCall): HandlerResult {
  const on = accessCall(call, WRITE);
  const { id } = policyOf(call, on);
  const users = on.access.apps.filter(({ policies }) => policies.some((link) => link.id === id));
  if (users.length > 0)
    throw inUse("policy", `by the applications ${users.map(({ name }) => name.slice(0, 100)).join(", ")}`);
  storeAccess(call, on, { policies: on.access.policies.filter((one) => one.id !== id) });
  return { result: { id } };
}

const base = "/accounts/:account/access/policies";

export const accessPolicyRoutes: readonly ApiRoute[] = [
  {
    method: "GET",
    path: base,
    handle(call) {
      const on = accessCall(call, READ);
      const policies = on.access.policies.map((policy) => shown(policy, on));
      return paged(policies, call.query, { default: 25, max: 1000 });
    },
  },
  { method: "POST", path: base, body: "required", handle: (call) => write(call, accessCall(call, WRITE)) },
  {
    method: "GET",
    path: `${base}/:policy`,
    handle(call) {
      const on = accessCall(call, READ);
      return { result: shown(policyOf(call, on), on) };
    },
  },
  {
    method: "PUT",
    path: `${base}/:policy`,
    body: "required",
    handle(call) {
      const on = accessCall(call, WRITE);
      return write(call, on, policyOf(call, on));
    },
  },
  { method: "DELETE", path: `${base}/:policy`, handle: remove },
];
