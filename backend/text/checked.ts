import type { Code } from "../surface.ts";

/** The result of checking an untrusted value: the value in its one spelling, or the code of the refusal. */
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
