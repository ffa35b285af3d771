/** What handlers of Access read and write of the account that a call names. */
import { accountOf } from "../http/handler-call.ts";
import type { HandlerCall } from "../http/router.ts";
import type { PermissionGroup, StoredAccount } from "../state.ts";
import { accessOf } from "./account.ts";
import type { StoredAccess } from "./stored.ts";

export interface AccessCall {
  readonly account: StoredAccount;
  readonly access: StoredAccess;
}

/** The account of the path, with a right checked. @throws 404 code 7003, 403 code 10000 */
export function accessCall(call: HandlerCall, group: PermissionGroup): AccessCall {
  const account = accountOf(call);
  call.requirePermission(group);
  return { account, access: accessOf(account) };
}

/** Stores what changed, and reports a change of each zone of the account: its hostnames may be covered. */
export function storeAccess(call: HandlerCall, { account, access }: AccessCall, change: Partial<StoredAccess>): void {
  account.access = { ...access, ...change };
  for (const zone of call.state.zones) {
    if (zone.account_id === account.id) call.reportChange({ kind: "zone", id: zone.id });
  }
}
