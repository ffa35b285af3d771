import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "@jest/globals";
import { Validator } from "@seriousme/openapi-schema-validator";
import { resultSchema } from "../../../../backend/gateway/openapi/json-schema.ts";
import {
  integer,
  type ObjectSchema,
  type Properties,
  unbounded,
  union,
  type ValueSchema,
} from "../../../../backend/surface/grammar.ts";
import { emits, http, socket } from "../../../../backend/surface.ts";
import {
  document,
  eventDifferences,
  responseDifferences,
  resultDifferences,
  schemaCompiler,
} from "../../openapi-differences.ts";
import { startNamespaceGateway } from "../namespaces/namespace-gateway.ts";

test("the document is valid OpenAPI 3.1", async () => {
  const validator = new Validator();
  expect(await validator.validate(structuredClone(document))).toEqual({ valid: true });
  expect(validator.version).toBe("3.1");
  const broken = structuredClone(document);
  broken.paths["/api/users/me"].get.responses["200"].description = 1;
  expect((await new Validator().validate(broken)).valid).toBe(false);
});

test("the union of a response is checked by the tests of a feature: its members, and nothing else", () => {
  const place = union("kind", { desk: { number: integer({ min: 1, max: 9 }) }, room: { name: unbounded.string() } });
  const validate = schemaCompiler({ components: { place: resultSchema(place, {}) } })("components/place");
  expect(
    [
      { kind: "desk", number: 3 },
      { kind: "room", name: "lab" },
    ].map((value) => validate(value)),
  ).toEqual([true, true]);
  const wrong = [
    { kind: "desk" },
    { kind: "room", name: "lab", number: 3 },
    { kind: "car", name: "lab" },
    "desk",
    null,
  ];
  expect(wrong.filter((value) => validate(value))).toEqual([]);
});

test("D8: redocly's recommended rules find no error in the document", () => {
  expect(lintErrors(document)).toBe(0);
  const { servers: _, ...broken } = document;
  expect(lintErrors(broken)).toBe(1);
});

test("H3: the namespaces of features are described with their calls, events and refusals", async () => {
  const gateway = await startNamespaceGateway();
  const { json } = await gateway.request("GET", "/api/openapi.json");
  await gateway.stop();
  expect(await new Validator().validate(structuredClone(json))).toEqual({ valid: true });
  expect(lintErrors(json)).toBe(0);
  const { "/jobs": jobs, "/staff": staff, "/open": open } = (json as typeof document)["x-socket"].namespaces;
  const codes = ["BAD_REQUEST", "UNAUTHORIZED", "RATE_LIMITED", "INTERNAL", "UNAVAILABLE"];
  expect(jobs).toMatchObject({ summary: "Run jobs and watch them", description: "Needs the role user.", codes });
  expect(jobs.calls["jobs.report"]).toMatchObject({
    description: "Needs the role user.",
    parameters: { properties: { percent: { type: "integer", minimum: 0, maximum: 100 } }, required: ["id", "percent"] },
    codes: expect.not.arrayContaining(["FORBIDDEN"]),
  });
  expect(jobs.calls["jobs.cancel"].codes).toContain("FORBIDDEN");
  const payload = { properties: { id: { type: "string" }, percent: { type: "integer" } } };
  expect(jobs.events).toMatchObject({ progress: { description: "A job goes on.", payload } });
  expect([staff.codes.includes("FORBIDDEN"), staff.events]).toEqual([true, {}]);
  expect([open.description, open.calls["open.whoami"].description]).toEqual([undefined, undefined]);
  expect(open.calls["open.secret"].description).toBe("Needs the role user.");
});

/** The linter tells its maker what it did, and asks for a newer version, unless it is told not to. */
const OFFLINE = { PATH: process.env.PATH, REDOCLY_TELEMETRY: "off", REDOCLY_SUPPRESS_UPDATE_NOTICE: "true" };

/** How many errors redocly finds in a document. */
function lintErrors(described: object): number {
  const folder = mkdtempSync(join(tmpdir(), "causeway-openapi-"));
  const file = join(folder, "openapi.json");
  const cli = createRequire(import.meta.url).resolve("@redocly/cli/bin/cli.js");
  const args = [cli, "lint", "--extends=recommended", "--format=json", file];
  try {
    writeFileSync(file, JSON.stringify(described));
    // its exit status is 1 where there are errors
    const { stdout } = spawnSync(process.execPath, args, { encoding: "utf8", env: OFFLINE });
    return JSON.parse(stdout).totals.errors;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Every object within a schema that has a title. */
function namedIn(schema: ValueSchema): (ObjectSchema & { readonly title: string })[] {
  if ("anyOf" in schema) return namedIn(schema.anyOf[0]);
  if ("oneOf" in schema) return schema.oneOf.flatMap(namedIn);
  if ("items" in schema) return namedIn(schema.items);
  if (!("properties" in schema)) return [];
  const inside = Object.values(schema.properties).flatMap(namedIn);
  return schema.title === undefined ? inside : [{ ...schema, title: schema.title }, ...inside];
}

test("one name in the document is one shape", () => {
  const shapes = [...http, ...socket].map(({ returns }) => returns as ObjectSchema);
  const all = [...shapes, ...Object.values(emits).map(({ payload }) => payload)].flatMap(namedIn);
  const first = new Map<string, Properties>();
  for (const { title, properties } of all) expect([title, properties]).toEqual([title, first.get(title) ?? properties]);
  for (const { title, properties } of all) if (!first.has(title)) first.set(title, properties);
  expect([...first.keys()].sort()).toEqual(
    Object.keys(document.components.schemas)
      .filter((name) => name !== "Error")
      .sort(),
  );
});

const profile = { id: "i", email: "a@b.de", name: "n", verified: true, roles: ["user"], createdAt: 1 };

test("undeclared, missing and wrong values of a response are found", () => {
  const wrong = (body: object) =>
    responseDifferences("GET", "/api/users/me", { status: 200, headers: new Headers(), json: body });
  expect(wrong(profile)).toEqual([]);
  const { id: _, ...nameless } = profile;
  for (const body of [nameless, { ...profile, passwordHash: "x" }]) expect(wrong(body)).toHaveLength(1);
  for (const part of [{ email: "a" }, { verified: null }, { roles: ["king"] }, { createdAt: 1.5 }, { createdAt: -1 }])
    expect([part, wrong({ ...profile, ...part }).length]).toEqual([part, 1]);
  // deep inside, in what is sent over a socket, and what may be null
  const pictures = (one: object) => resultDifferences("users.pictures", null, { pictures: [one] });
  for (const picture of [null, "hash"]) expect(pictures({ id: "i", picture })).toEqual([]);
  expect(pictures({ id: "i" })).toHaveLength(1);
  expect(pictures({ id: "i", picture: null, email: "x" })).toHaveLength(1);
  expect(eventDifferences("drain", { retryAfter: 1, at: 1 })).toHaveLength(1);
});
