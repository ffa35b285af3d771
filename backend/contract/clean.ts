import type { Checked } from "../text/checked.ts";
import { refuse } from "./index.ts";

/** The clean value of a parameter, or the refusal that names the parameter. */
export function clean<T>(field: string, checked: Checked<T>): T {
  if (!checked.ok) throw refuse(checked.code, { field });
  return checked.value;
}
