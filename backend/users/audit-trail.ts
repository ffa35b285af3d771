import type { Context } from "moleculer";
import type { Meta } from "../contract/index.ts";
import type { AuditAction } from "../surface.ts";
import type { UsersStore } from "./store.ts";

export type AuditTrail = (
  ctx: Context<unknown, Meta>,
  action: AuditAction,
  subjectId: string,
  detail?: string,
) => Promise<void>;

/** Writes what an action did into the audit log, with the user and the address that called it. */
export function createAuditTrail(store: Pick<UsersStore, "audit">, clock: () => number): AuditTrail {
  return (ctx, action, subjectId, detail) =>
    store.audit.record({
      at: clock(),
      action,
      actorId: ctx.meta.user?.id ?? null,
      subjectId,
      address: ctx.meta.client?.address ?? null,
      detail: detail ?? null,
    });
}
