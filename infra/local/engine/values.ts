/**
 * Property values between a Pulumi program and the engine: JSON, in which a secret and an unknown are marked by the
 * signatures of Pulumi's protocol (https://github.com/pulumi/pulumi, sdk/go/common/resource/properties.go).
 */
const SIGNATURE = "4dabf18193072939515e22adb298388d";
const SECRET = "1b47061264138c4ac30d75fd1eb44270";

/** Placeholder of a value that is only known once its resource exists; in previews only. */
export const UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";

/** A value that must not be seen: kept apart, so that nothing prints or stores it by accident. */
export class Secret {
  readonly #value: unknown;

  constructor(value: unknown) {
    this.#value = value;
  }

  reveal(): unknown {
    return this.#value;
  }

  /** A secret that is printed or put into JSON by accident shows `[secret]` instead of its value. */
  toJSON(): string {
    return "[secret]";
  }
}

/** Members by name; values are JSON, or `Secret` at any depth. */
export type PropertyValues = Readonly<Record<string, unknown>>;

/** Applies `change` to the members or items of a value; returns a value without any unchanged. */
export function mapInside(value: unknown, change: (value: unknown) => unknown): unknown {
  if (Array.isArray(value)) return value.map(change);
  if (typeof value !== "object" || value === null || value instanceof Secret) return value;
  const entries = Object.entries(value).filter(([, member]) => member !== undefined);
  return Object.fromEntries(entries.map(([name, member]) => [name, change(member)]));
}

const isMarkedSecret = (value: unknown): value is { readonly value: unknown } =>
  typeof value === "object" && value !== null && SIGNATURE in value && value[SIGNATURE] === SECRET && "value" in value;

/** From the protocol. */
export function decodeValue(value: unknown): unknown {
  return isMarkedSecret(value) ? new Secret(revealValue(decodeValue(value.value))) : mapInside(value, decodeValue);
}

/** Into the protocol. */
export function encodeValue(value: unknown): unknown {
  return value instanceof Secret ? { [SIGNATURE]: SECRET, value: value.reveal() } : mapInside(value, encodeValue);
}

/** The value with its secrets, for the API alone. */
export function revealValue(value: unknown): unknown {
  return value instanceof Secret ? value.reveal() : mapInside(value, revealValue);
}

/** All members of a resource as the API gets them. */
export const revealProperties = (properties: PropertyValues): PropertyValues => ({
  ...(revealValue(properties) as PropertyValues),
});

/** The same members, those named as secret wrapped. */
export function withSecrets(properties: PropertyValues, names: Iterable<string>): PropertyValues {
  const secret = new Set(names);
  return Object.fromEntries(
    Object.entries(properties).map(([name, value]) => [
      name,
      secret.has(name) && value !== undefined && !(value instanceof Secret) ? new Secret(revealValue(value)) : value,
    ]),
  );
}

/** Names of the members that are secret or hold one. */
export function secretNames(properties: PropertyValues): string[] {
  return Object.entries(properties)
    .filter(([, value]) => holdsSecret(value))
    .map(([name]) => name);
}

function holdsSecret(value: unknown): boolean {
  if (value instanceof Secret) return true;
  return typeof value === "object" && value !== null && Object.values(value).some(holdsSecret);
}

/** Whether any part of it is not known yet. */
export function holdsUnknown(value: unknown): boolean {
  if (value === UNKNOWN) return true;
  return typeof value === "object" && value !== null && Object.values(value).some(holdsUnknown);
}
