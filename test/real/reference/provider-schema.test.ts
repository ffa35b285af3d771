/**
 * The provider table against the real provider's schema: the same inputs and outputs, by name and type, at every
 * depth.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "@jest/globals";
import { schemaOf } from "../../../infra/local/provider/grpc/schema.ts";
import { createProvider } from "../../../infra/local/provider/index.ts";

interface Property {
  type?: string;
  $ref?: string;
  items?: Property;
  additionalProperties?: Property;
}
interface ObjectType {
  /** Absent: an object without members. */
  properties?: Record<string, Property>;
  required?: string[];
}
interface Resource extends ObjectType {
  inputProperties: Record<string, Property>;
  requiredInputs?: string[];
}
interface Schema {
  types: Record<string, ObjectType>;
  resources: Record<string, Resource>;
}

const real: Schema = JSON.parse(
  readFileSync(join(process.env.CAUSEWAY_REFERENCE ?? "", "data/provider-schema.json"), "utf8"),
);
const provider = createProvider({ apiToken: "none", baseURL: "http://127.0.0.1:1" });
const ours = schemaOf(
  provider.types.flatMap((type) => provider.resource(type) ?? []),
  "0.0.0",
) as unknown as Schema;

/** The stored schema is without its prose, and the properties named `description` went with it. */
const withoutProse = (name: string) => name !== "description";

/**
 * Inputs that came after the stored schema's version (6.17); rule-parameters.test.ts holds them against the installed
 * SDK.
 */
const NEWER = ["originRangeRequests", "vary"];
const isStored = (name: string) => withoutProse(name) && !NEWER.includes(name);

/** Types of which our table has a part: what the program declares. Each name has the inputs that came later. */
const PARTIAL: Readonly<Record<string, readonly string[]>> = {
  "cloudflare:index/zeroTrustAccessApplication:ZeroTrustAccessApplication": [],
  "cloudflare:index/zeroTrustAccessPolicy:ZeroTrustAccessPolicy": [],
  "cloudflare:index/zeroTrustAccessServiceToken:ZeroTrustAccessServiceToken": ["enabled"],
};

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** What the real shape has of the names that ours has, at every depth. */
function partOf(theirs: unknown, mine: unknown): unknown {
  if (Array.isArray(theirs) && Array.isArray(mine)) return theirs.map((item, index) => partOf(item, mine[index]));
  if (!isObject(theirs) || !isObject(mine)) return theirs;
  const names = Object.keys(theirs).filter((name) => Object.hasOwn(mine, name));
  return Object.fromEntries(names.map((name) => [name, partOf(theirs[name], mine[name])]));
}

const without = (value: Readonly<Record<string, unknown>>, names: readonly string[]) =>
  Object.fromEntries(Object.entries(value).filter(([name]) => !names.includes(name)));

/** The real provider allows to leave these out and fails without them later; our table requires them at once. */
const requiredHere = ["accountId", "zoneId"];

/** A type as text, references resolved; whole numbers are numbers to us. */
function shape(schema: Schema, property: Property, depth = 0): unknown {
  if (depth > 12) return "deeper";
  if (property.$ref === "pulumi.json#/Any") return "any";
  if (property.$ref) {
    const type = schema.types[property.$ref.replace("#/types/", "")];
    if (!type) throw new Error(`no type ${property.$ref}`);
    return {
      required: [...(type.required ?? [])].sort(),
      properties: shapes(schema, type.properties ?? {}, depth + 1),
    };
  }
  if (property.type === "array") return [shape(schema, property.items ?? {}, depth + 1)];
  if (property.type === "object") return { "*": shape(schema, property.additionalProperties ?? {}, depth + 1) };
  return property.type === "integer" ? "number" : property.type;
}

function shapes(schema: Schema, properties: Record<string, Property>, depth = 0): Record<string, unknown> {
  const names = Object.keys(properties).filter(isStored).sort();
  return Object.fromEntries(names.map((name) => [name, shape(schema, properties[name] ?? {}, depth)]));
}

describe.each([...provider.types])("%s", (type) => {
  const [mine, theirs] = [ours.resources[type], real.resources[type]];

  test("has the real provider's inputs", () => {
    const newer = PARTIAL[type];
    const [shown, expected] = [shapes(ours, mine?.inputProperties ?? {}), shapes(real, theirs?.inputProperties ?? {})];
    if (newer === undefined) expect(shown).toEqual(expected);
    else expect(without(shown, newer)).toEqual(partOf(expected, shown));
  });

  test("has the real provider's outputs", () => {
    const newer = PARTIAL[type];
    const shown = Object.keys(shapes(ours, mine?.properties ?? {})).filter((name) => !newer?.includes(name));
    const expected = Object.keys(shapes(real, theirs?.properties ?? {}));
    expect(newer === undefined ? shown : shown.filter((name) => !expected.includes(name))).toEqual(
      newer === undefined ? expected : [],
    );
  });

  test("asks for the inputs that the real provider asks for", () => {
    const required = (mine?.requiredInputs ?? []).filter(
      (name) => !requiredHere.includes(name) || theirs?.requiredInputs?.includes(name),
    );
    expect(required.sort()).toEqual([...(theirs?.requiredInputs ?? [])].sort());
  });
});
