import type { PublicError } from "../../contract/index.ts";

/** The one shape of a refusal. */
export function errorBody({ code, message, field }: PublicError): string {
  return JSON.stringify({ error: { code, message, ...(field === undefined ? {} : { field }) } });
}
