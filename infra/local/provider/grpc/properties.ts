/**
 * Property values as they cross the wire between Pulumi's engine and a provider (pulumi/proto/provider.proto, "property
 * values").
 */
import struct from "google-protobuf/google/protobuf/struct_pb.js";
import { isValues, type Values } from "../fields.ts";

/** Keys and values that mark a secret on the wire; they are the protocol's, the same for everyone. */
const SIGNATURE = "4dabf18193072939515e22adb298388d";
const SECRET = "1b47061264138c4ac30d75fd1eb44270";

type Struct = InstanceType<typeof struct.Struct>;

/** Plain values: secrets are unwrapped, null members left out. Unknown values keep the engine's mark. */
export function fromStruct(message: Struct | undefined): Record<string, unknown> {
  const values = plain(message?.toJavaScript() ?? {});
  return isValues(values) ? { ...values } : {};
}

function plain(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(plain);
  if (!isValues(value)) return value;
  if (value[SIGNATURE] === SECRET) return plain(value.value);
  return Object.fromEntries(
    Object.entries(value).flatMap(([key, item]) => (item === null || item === undefined ? [] : [[key, plain(item)]])),
  );
}

/** A message of the values; those with the names are marked as secrets. */
export function toStruct(values: Values, secrets: readonly string[] = []): Struct {
  const marked = Object.entries(values).flatMap(([name, value]) => {
    if (value === undefined) return [];
    return [[name, secrets.includes(name) ? { [SIGNATURE]: SECRET, value } : value] as const];
  });
  // what JSON has no word for (undefined members) has none in a Struct either
  return struct.Struct.fromJavaScript(JSON.parse(JSON.stringify(Object.fromEntries(marked))));
}
