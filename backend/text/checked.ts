import type { Code } from "../surface.ts";

/** What came of checking an untrusted value: the clean value, or what is wrong with it. */
export type Checked<T> = { readonly ok: true; readonly value: T } | Refused;

export interface Refused {
  readonly ok: false;
  readonly code: Code;
}

export function accepted<T>(value: T): Checked<T> {
  return { ok: true, value };
}

export function refused(code: Code): Refused {
  return { ok: false, code };
}
