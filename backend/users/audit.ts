import type { AuditRecord } from "./shapes.ts";

export type { AuditRecord } from "./shapes.ts";
export type AuditAction = AuditRecord["action"];

/** Milliseconds that records are kept: a year. */
export const AUDIT_KEPT = 365 * 24 * 60 * 60 * 1000;
