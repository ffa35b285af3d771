import { ClientError } from "../contract/index.ts";
import type { Checked } from "../domain/checked.ts";

/** The clean value of a parameter, or the refusal that names the parameter. */
export function clean<T>(field: string, checked: Checked<T>): T {
  if (!checked.ok) throw new ClientError(422, checked.code, checked.message, { field });
  return checked.value;
}
