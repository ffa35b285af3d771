import type { Context } from "moleculer";
import type { Meta } from "../contract/index.ts";
import type { AuditAction } from "../surface.ts";
import type { UsersStore } from "./store.ts";

/** Writes an audit record about the user `subjectId`: what the caller of `ctx` did, from which address. */
export type AuditTrail = (
  ctx: Context<unknown, Meta>,
  action: AuditAction,
  subjectId: string,
  detail?: string,
) => Promise<void>;

/** `clock` in milliseconds since 1970. */
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
