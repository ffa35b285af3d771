import type { Context } from "moleculer";
import type { Meta } from "../contract/index.ts";
import type { AuditAction } from "./audit.ts";
import type { UsersStore } from "./store.ts";

export type AuditTrail = (
  ctx: Context<unknown, Meta>,
  action: AuditAction,
  subjectId: string,
  detail?: string,
) => Promise<void>;

/** Writes what an action did into the audit log: by the user who called it, from where the call came. */
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
