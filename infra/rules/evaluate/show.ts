/** Values for people: short, in quotes, and nothing that may be a secret. */

import { fromBytes } from "../bytes.ts";
import type { Reader } from "../check/typed.ts";
import { type IpAddress, printIp } from "../language/ip-address.ts";
import type { Type } from "../schema/type.ts";
import type { Value } from "./value.ts";

const LONGEST = 80;
const SECRET_FIELDS = /^http\.(cookie|request\.(cookies|body\.|jwt\.)|response\.headers|x_forwarded_for$)/;
const SECRET_HEADERS = new Set([
  "authorization",
  "proxy-authorization",
  "cookie",
  "set-cookie",
  "x-api-key",
  "cf-access-jwt-assertion",
]);

/** Whether what a reader reads may be a credential: cookies, bodies, tokens and the headers that carry them. */
export function maySecret(reader: Reader): boolean {
  const { source, accesses } = reader;
  if (source.kind === "call") return source.arguments.some((one) => one.kind === "reader" && maySecret(one));
  const { name } = source.field;
  if (SECRET_FIELDS.test(name)) return true;
  const key = accesses.find((access) => access.kind === "key");
  const headers = /\.headers(\.values)?$/.test(name);
  return headers && (key ? SECRET_HEADERS.has(key.key) : accesses.length > 0 || name.endsWith(".values"));
}

/** A value that can be compared, as an expression would write it, cut where it is long. */
export function show(value: Value | undefined, type: Type): string {
  if (value === undefined) return "missing";
  if (type === "Bytes") return quote(value as string);
  if (type === "Ip") return printIp(value as IpAddress);
  return String(value);
}

function quote(bytes: string): string {
  const text = fromBytes(bytes.slice(0, LONGEST)) ?? bytes.slice(0, LONGEST);
  const shown = text.replace(/[\p{Cc}"\\]/gu, (character) => JSON.stringify(character).slice(1, -1));
  return `"${shown}${bytes.length > LONGEST ? "…" : ""}"`;
}
