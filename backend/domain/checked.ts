/** What came of checking an untrusted value: the clean value, or what is wrong with it in a stable code and in words. */
export type Checked<T> = { readonly ok: true; readonly value: T } | Refused;

export interface Refused {
  readonly ok: false;
  /** Stable code that clients may match. */
  readonly code: string;
  /** One sentence for people; never repeats the value. */
  readonly message: string;
}

export function accepted<T>(value: T): Checked<T> {
  return { ok: true, value };
}

export function refused(code: string, message: string): Refused {
  return { ok: false, code, message };
}
