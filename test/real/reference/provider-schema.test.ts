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
  properties: Record<string, Property>;
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
      properties: shapes(schema, type.properties, depth + 1),
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
    expect(shapes(ours, mine?.inputProperties ?? {})).toEqual(shapes(real, theirs?.inputProperties ?? {}));
  });

  test("has the real provider's outputs", () => {
    expect(Object.keys(shapes(ours, mine?.properties ?? {}))).toEqual(
      Object.keys(shapes(real, theirs?.properties ?? {})),
    );
  });

  test("asks for the inputs that the real provider asks for", () => {
    const required = (mine?.requiredInputs ?? []).filter(
      (name) => !requiredHere.includes(name) || theirs?.requiredInputs?.includes(name),
    );
    expect(required.sort()).toEqual([...(theirs?.requiredInputs ?? [])].sort());
  });
});
