import { FORMATS } from "./formats.ts";

/** What is wrong with a part of an entry, and what to write instead. */
export interface Mistake {
  /** Where in the entry: `params.title`, `returns.items[].kind`. */
  readonly place: string;
  readonly problem: string;
  readonly remedy: string;
}

/** What a schema is for. */
export interface SchemaUse {
  /** A parameter has to be bounded. */
  readonly isParameter: boolean;
  /** Whether the value may be a secret, which is sent in the body of an HTTP request only. */
  readonly maySecret: boolean;
}

const CONSTRUCTORS =
  "make it with a constructor of backend/surface/grammar.ts: string, integer, number, boolean, oneOf, constant, " +
  "array, object, union, nullable, optional";
const NAME = /^[A-Za-z]\w{0,63}$/;

type UncheckedObject = Readonly<Record<string, unknown>>;

/**
 * The mistakes in a schema, at any depth. TypeScript reports them too, but nothing compiles the program before it
 * starts.
 */
export function schemaMistakes(schema: unknown, place: string, use: SchemaUse): Mistake[] {
  if (!isRecord(schema))
    return [mistake(place, `is ${JSON.stringify(schema) ?? "undefined"}, which is no schema`, CONSTRUCTORS)];
  const secret =
    schema.secret === true && !use.maySecret
      ? [
          mistake(
            place,
            "is a secret where requests are logged or not seen by the edge",
            "send it in the body of an HTTP request",
          ),
        ]
      : [];
  return [...secret, ...kindMistakes(schema, place, use)];
}

function kindMistakes(schema: UncheckedObject, place: string, use: SchemaUse): Mistake[] {
  if ("anyOf" in schema) return schemaMistakes((schema.anyOf as readonly unknown[])?.[0], place, use);
  if ("oneOf" in schema) return unionMistakes(schema, place, use);
  if ("const" in schema) return [];
  if ("enum" in schema) {
    const isList =
      Array.isArray(schema.enum) && schema.enum.length > 0 && schema.enum.every((word) => typeof word === "string");
    return isList ? [] : [mistake(place, "has no words to choose from", 'name one at least: oneOf(["open", "done"])')];
  }
  switch (schema.type) {
    case "string":
      return [...boundMistakes(schema, ["minLength", "maxLength"], place, use), ...formatMistakes(schema, place)];
    case "integer":
    case "number":
      return boundMistakes(schema, ["minimum", "maximum"], place, use);
    case "boolean":
      return [];
    case "array":
      return [
        ...boundMistakes({ minItems: 0, ...schema }, ["minItems", "maxItems"], place, use),
        ...schemaMistakes(schema.items, `${place}[]`, use),
      ];
    case "object":
      return objectMistakes(schema, place, use);
    default:
      return [
        mistake(
          place,
          `has the type ${JSON.stringify(schema.type) ?? "undefined"}, which the grammar does not have`,
          CONSTRUCTORS,
        ),
      ];
  }
}

function boundMistakes(
  schema: UncheckedObject,
  [low, high]: readonly [string, string],
  place: string,
  use: SchemaUse,
): Mistake[] {
  const [min, max] = [schema[low], schema[high]];
  const has = (bound: unknown) => typeof bound === "number" && !Number.isNaN(bound);
  if (use.isParameter && !(has(min) && has(max) && Number.isFinite(max))) {
    return [mistake(place, `has no ${has(min) ? high : low}`, "a client decides what it sends: say min and max")];
  }
  if (has(min) && has(max) && (min as number) > (max as number)) {
    return [mistake(place, `has ${low} ${min} above ${high} ${max}: no value fits`, "exchange min and max")];
  }
  return [];
}

function formatMistakes({ format }: UncheckedObject, place: string): Mistake[] {
  if (format === undefined || (typeof format === "string" && Object.hasOwn(FORMATS, format))) return [];
  return [
    mistake(
      place,
      `has the format ${JSON.stringify(format)}`,
      `use one of ${Object.keys(FORMATS).join(", ")}, or none`,
    ),
  ];
}

function objectMistakes(schema: UncheckedObject, place: string, use: SchemaUse): Mistake[] {
  if (schema.additionalProperties === true && !use.isParameter) return [];
  if (!isRecord(schema.properties)) return [mistake(place, "is an object without properties", CONSTRUCTORS)];
  return propertyMistakes(schema.properties, place, use);
}

/** The mistakes in the schemas of all parameters of an entry, or of all properties of an object. */
export function propertyMistakes(properties: unknown, place: string, use: SchemaUse): Mistake[] {
  if (!isRecord(properties)) return [mistake(place, "is missing", "write {} where there is none")];
  return Object.entries(properties).flatMap(([name, schema]) => {
    const at = place === "" ? name : `${place}.${name}`;
    const isName = !use.isParameter || (NAME.test(name) && !(name in Object.prototype));
    return [
      ...(isName
        ? []
        : [
            mistake(
              at,
              "is no name of a parameter",
              "use up to 64 letters, digits and _, and no name that every object has",
            ),
          ]),
      ...schemaMistakes(schema, at, use),
    ];
  });
}

function unionMistakes({ oneOf, discriminator }: UncheckedObject, place: string, use: SchemaUse): Mistake[] {
  const tag = isRecord(discriminator) ? discriminator.propertyName : undefined;
  const members = Array.isArray(oneOf) ? (oneOf as readonly unknown[]) : [];
  const isTagged = (member: unknown) => {
    const properties = isRecord(member) && isRecord(member.properties) ? member.properties : {};
    return typeof tag === "string" && isRecord(properties[tag]) && "const" in properties[tag];
  };
  if (members.length === 0 || !members.every(isTagged)) {
    return [
      mistake(
        place,
        "is a union whose members no field tells apart",
        'make it with union("kind", { one: {}, other: {} })',
      ),
    ];
  }
  return members.flatMap((member) => schemaMistakes(member, place, use));
}

function mistake(place: string, problem: string, remedy: string): Mistake {
  return { place, problem, remedy };
}

function isRecord(value: unknown): value is UncheckedObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** The mistakes in the name of an action. */
export function nameMistakes(action: string): Mistake[] {
  return mistakeUnless(
    /^[a-z]\w*\.[a-z]\w*$/i.test(action),
    "action",
    `is ${JSON.stringify(action)}`,
    'name service and action: "todos.list"',
  );
}

/** The mistakes in a schema that has to describe an object. */
export function objectMistakesOf(returns: unknown): Mistake[] {
  const found = schemaMistakes(returns, "returns", { isParameter: false, maySecret: true });
  const { type } = (returns ?? {}) as { readonly type?: unknown };
  if (found.length > 0 || type === "object") return found;
  return [
    { place: "returns", problem: "is no object", remedy: "fields can be added to an object later: object({ items })" },
  ];
}

/** A mistake as one line: `FILE: ENTRY: PLACE PROBLEM; REMEDY.` */
export function lineOf(file: string, name: string, { place, problem, remedy }: Mistake): string {
  return `${file}: ${name}: ${place} ${problem}; ${remedy}.`;
}

/** The mistakes in who may use an entry or a namespace. */
export function accessMistakes(access: string, roles: readonly string[]): Mistake[] {
  return mistakeUnless(
    access === "public" || roles.includes(access),
    "access",
    `names the role ${JSON.stringify(access)}, which does not exist`,
    `use public or one of ${roles.join(", ")}`,
  );
}

/** No mistake where `isRight`, else the one that the other parameters describe. */
export function mistakeUnless(isRight: boolean, place: string, problem: string, remedy: string): Mistake[] {
  return isRight ? [] : [{ place, problem, remedy }];
}
