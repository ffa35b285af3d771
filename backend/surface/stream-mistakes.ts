import { type Mistake, mistakeUnless, propertyMistakes, schemaMistakes } from "./schema-mistakes.ts";

/** An entry of kind `stream`. Its types are not checked yet when the backend starts. */
interface UncheckedStreamEntry {
  readonly kind?: unknown;
  readonly method: string;
  readonly bodyLimit: number;
  readonly params: unknown;
  readonly body?: unknown;
  readonly returns: unknown;
}

type UncheckedParts = Readonly<Record<string, unknown>>;

const TYPE = /^[a-z]+\/[a-z0-9][a-z0-9.+-]*$/;
/** The parameter in which the action gets the files of a form: no field may have this name. */
const FILES_PARAMETER = "files";

/** The mistakes in the parts that only entries of kind `stream` have. */
export function streamMistakes({ kind, method, bodyLimit, params, body, returns }: UncheckedStreamEntry): Mistake[] {
  if (kind !== "stream") return [mistake("kind", `is ${JSON.stringify(kind)}`, 'write "stream", or leave it out')];
  const takesBody = body !== undefined;
  return [
    ...mistakeUnless(
      takesBody === bodyLimit > 0,
      "bodyLimit",
      takesBody ? "is 0, and the entry has a body" : `is ${bodyLimit}, and the entry has no body`,
      takesBody ? "give the largest body in bytes" : "set it to 0, or say what the body is",
    ),
    ...mistakeUnless(
      !takesBody || method !== "GET",
      "body",
      "is that of a GET request, which has none",
      "use another method",
    ),
    ...(takesBody ? bodyMistakes(body as UncheckedParts, bodyLimit, params as UncheckedParts) : []),
    ...resultMistakes((returns ?? {}) as UncheckedParts),
  ];
}

function bodyMistakes(body: UncheckedParts, bodyLimit: number, params: UncheckedParts): Mistake[] {
  switch (body?.as) {
    case "bytes":
      return typeMistakes(body.types, "body.types");
    case "webhook":
      return webhookMistakes(body);
    case "form":
      return formMistakes(body, bodyLimit, params ?? {});
    default:
      return [
        mistake("body", `is ${JSON.stringify(body)}`, "make it with bytes, form or webhook of stream-grammar.ts"),
      ];
  }
}

function webhookMistakes({ scheme, header, secret }: UncheckedParts): Mistake[] {
  const needsHeader = scheme === "timestamped";
  return [
    ...mistakeUnless(
      scheme === "standard" || needsHeader,
      "body.scheme",
      `is ${JSON.stringify(scheme)}`,
      "use standard or timestamped",
    ),
    ...mistakeUnless(
      !needsHeader || (typeof header === "string" && /^[a-z][a-z0-9-]*$/.test(header)),
      "body.header",
      `is ${JSON.stringify(header)}`,
      "name the header that carries the signature, in small letters",
    ),
    ...mistakeUnless(
      typeof secret === "string" && /^[A-Z][A-Z0-9_]*$/.test(secret),
      "body.secret",
      `is ${JSON.stringify(secret)}`,
      "name the secret in capitals: STRIPE is the variable WEBHOOK_SECRET_STRIPE",
    ),
  ];
}

function formMistakes({ fields, files }: UncheckedParts, bodyLimit: number, params: UncheckedParts): Mistake[] {
  const named = (fields ?? {}) as UncheckedParts;
  const declared = Object.entries((files ?? {}) as Readonly<Record<string, UncheckedParts>>);
  const taken = [...Object.keys(named), ...declared.map(([name]) => name)];
  return [
    ...propertyMistakes(named, "body.fields", { isParameter: true, maySecret: true }),
    ...taken
      .filter((name) => Object.hasOwn(params, name) || name === FILES_PARAMETER)
      .map((name) => mistake(`body.${name}`, "is also a parameter of the action", "give the field another name")),
    ...mistakeUnless(
      declared.length > 0,
      "body.files",
      "names no file",
      "a form without files is an entry that takes JSON",
    ),
    ...declared.flatMap(([name, { types, max, bytes }]) => [
      ...typeMistakes(types, `body.files.${name}.types`),
      ...mistakeUnless(
        isIn(max, 1, 100),
        `body.files.${name}.max`,
        `is ${String(max)}`,
        "give the number of files, from 1 to 100",
      ),
      ...mistakeUnless(
        isIn(bytes, 1, bodyLimit),
        `body.files.${name}.bytes`,
        `is ${String(bytes)}`,
        `give the bytes of one file, up to the bodyLimit of ${bodyLimit}`,
      ),
    ]),
  ];
}

function resultMistakes(returns: UncheckedParts): Mistake[] {
  if (returns.as === "bytes") return typeMistakes(returns.types, "returns.types");
  if (returns.as === "events") {
    const named = Object.entries((returns.events ?? {}) as UncheckedParts);
    return [
      ...mistakeUnless(
        named.length > 0,
        "returns.events",
        "names no event",
        "name one at least: events({ changed: object({}) })",
      ),
      ...named.flatMap(([name, schema]) =>
        schemaMistakes(schema, `returns.events.${name}`, { isParameter: false, maySecret: false }),
      ),
    ];
  }
  const found = schemaMistakes(returns, "returns", { isParameter: false, maySecret: true });
  const isObject = returns.type === "object";
  return found.length > 0
    ? found
    : mistakeUnless(isObject, "returns", "is no object, bytes or events", "make it with object, bytes or events");
}

function typeMistakes(types: unknown, place: string): Mistake[] {
  const isList = Array.isArray(types) && types.length > 0;
  if (!isList) return [mistake(place, "names no media type", 'name one at least: ["image/png"]')];
  return types
    .filter((type) => typeof type !== "string" || !TYPE.test(type))
    .map((type) =>
      mistake(place, `holds ${JSON.stringify(type)}`, "write a media type in small letters, without parameters"),
    );
}

function isIn(value: unknown, min: number, max: number): boolean {
  return Number.isInteger(value) && (value as number) >= min && (value as number) <= max;
}

function mistake(place: string, problem: string, remedy: string): Mistake {
  return { place, problem, remedy };
}
