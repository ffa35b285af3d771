/** What handlers read of a call: its account or zone, and its body. What is another account's does not exist for it. */
import { noRoute } from "../errors.ts";
import { type BodyShape, isObject, type JsonObject, type Misfit } from "../shape.ts";
import type { StoredAccount, StoredZone } from "../state.ts";
import type { HandlerCall } from "./router.ts";

/** @throws 404 code 7003 */
export function zoneOf(call: HandlerCall): StoredZone {
  const id = call.params.zone;
  const zone = call.state.zones.find((stored) => stored.id === id && stored.account_id === call.token.account_id);
  if (!zone) throw noRoute(call.path);
  return zone;
}

/** @throws 404 code 7003 */
export function accountOf(call: HandlerCall): StoredAccount {
  const id = call.params.account;
  const account = call.state.accounts.find((stored) => stored.id === id && id === call.token.account_id);
  if (!account) throw noRoute(call.path);
  return account;
}

/** The body, if it has the shape; otherwise throws what `refuse` makes of the misfit. */
export function bodyOf(call: HandlerCall, shape: BodyShape, refuse: (misfit: Misfit) => Error): JsonObject {
  const misfit = shape(call.body, "");
  if (misfit) throw refuse(misfit);
  if (!isObject(call.body)) throw refuse({ pointer: "", message: "expected an object" });
  return call.body;
}
