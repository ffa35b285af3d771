import type { Checked } from "../text/checked.ts";
import { refuse } from "./index.ts";

/** Returns the value of a parameter that was checked. Throws the refusal, with the name of the parameter. */
export function requireValid<T>(field: string, checked: Checked<T>): T {
  if (!checked.ok) throw refuse(checked.code, { field });
  return checked.value;
}
