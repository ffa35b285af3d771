export type { AuditRecord } from "./shapes.ts";

/** Milliseconds for which audit records are kept: a year. */
export const AUDIT_RETENTION_MS = 365 * 24 * 60 * 60 * 1000;
