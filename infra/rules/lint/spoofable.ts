import type { Reader } from "../check/typed.ts";
import { callOf, fieldOf } from "./visit.ts";

/** Whether a client can choose the value that is read; undefined for a function without a field. */
export function isSpoofable(reader: Reader): boolean | undefined {
  const call = callOf(reader);
  if (call) {
    const inputs = call.arguments.flatMap((one) => (one.kind === "reader" ? [isSpoofable(one)] : []));
    return inputs.length === 0 ? undefined : inputs.every((input) => input !== false);
  }
  const name = fieldOf(reader) ?? "";
  return (
    /^http\.(?:user_agent|referer|cookie|x_forwarded_for|host|request\.(?:headers|cookies|method|version|body)\b)/.test(
      name,
    ) || /^(?:raw\.)?http\.request\.(?:uri|full_uri)\b/.test(name)
  );
}

/** Headers in which proxies write the visitor's address, and in which a client can write any. */
export const addressHeaders = [
  "x-forwarded-for",
  "x-real-ip",
  "cf-connecting-ip",
  "true-client-ip",
  "x-client-ip",
  "forwarded",
];
