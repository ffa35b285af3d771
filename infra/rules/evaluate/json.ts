import { fromBytes, toBytes } from "../bytes.ts";

export type Found =
  | { readonly kind: "string" /** Byte string. */; readonly value: string }
  | { readonly kind: "integer"; readonly value: bigint }
  | { readonly kind: "other" };

/**
 * What a path of keys and positions leads to in a JSON text; undefined where it leads nowhere or the text is not JSON.
 */
export function lookUpJson(bytes: string, path: readonly (string | number)[]): Found | undefined {
  const text = fromBytes(bytes);
  if (text === undefined) return undefined;
  let value: unknown;
  try {
    // The source keeps apart 42 and 42.0, and integers beyond 2^53 exact.
    value = JSON.parse(text, (_, parsed: unknown, context?: { readonly source?: string }) =>
      typeof parsed === "number" ? new Numeral(context?.source ?? String(parsed)) : parsed,
    );
  } catch {
    return undefined;
  }
  for (const step of path) {
    if (Array.isArray(value)) value = typeof step === "number" && step >= 0 ? value[step] : undefined;
    else if (typeof value === "object" && value !== null && !(value instanceof Numeral)) {
      const key = typeof step === "string" ? fromBytes(step) : undefined;
      value = key !== undefined && Object.hasOwn(value, key) ? (value as Record<string, unknown>)[key] : undefined;
    } else return undefined;
  }
  if (typeof value === "string") return { kind: "string", value: toBytes(value) };
  if (!(value instanceof Numeral)) return value === undefined ? undefined : { kind: "other" };
  const integer = /^-?\d+$/.test(value.source) ? BigInt(value.source) : undefined;
  return integer !== undefined && BigInt.asIntN(64, integer) === integer
    ? { kind: "integer", value: integer }
    : { kind: "other" };
}

/** A number as written. */
class Numeral {
  readonly source: string;

  constructor(source: string) {
    this.source = source;
  }
}
