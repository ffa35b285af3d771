export type { AuditRecord } from "./shapes.ts";

/** Milliseconds that records are kept: a year. */
export const AUDIT_KEPT = 365 * 24 * 60 * 60 * 1000;
