import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { readConfig } from "../../../backend/config.ts";
import { startBackend } from "../../../backend/main.ts";
import {
  array,
  constant,
  integer,
  nullable,
  object,
  optional,
  string,
  unbounded,
} from "../../../backend/surface/grammar.ts";
import type { SurfaceFile } from "../../../backend/surface/mistakes.ts";
import { surfaceFiles } from "../../../backend/surface.ts";
import { TEST_ASSETS } from "../test-options.ts";

let dataDir: string;
beforeAll(() => {
  dataDir = mkdtempSync(join(tmpdir(), "causeway-mistakes-"));
});
afterAll(() => rmSync(dataDir, { recursive: true, force: true }));

const id = string({ min: 1, max: 64 });
/** Entries of a feature whose name `npm run new` refuses: no feature of a site has it. */
const get = {
  method: "GET",
  path: "/api/fixture",
  action: "fixture.list",
  summary: "List fixtures",
  access: "user",
  rate: "read",
  bodyLimit: 0,
  params: {},
  returns: object({}),
};
const call = {
  action: "fixture.add",
  summary: "Add a fixture",
  access: "user",
  rate: "write",
  params: {},
  returns: object({}),
};

interface OwnSurface {
  http?: readonly object[];
  socket?: readonly object[];
  emits?: object;
  codes?: object;
  rates?: object;
  audits?: readonly string[];
  actions?: object;
  events?: object;
}

/** What a start says with these entries beside the shipped ones. */
async function startWith(own: OwnSurface): Promise<string> {
  const file = { ...own, file: "backend/fixture/surface.ts" } as unknown as SurfaceFile;
  const config = readConfig({ PORT: "0", DATA_DIR: dataDir, LOG_LEVEL: "silent", DRAIN_SECONDS: "1" });
  const started = startBackend(config, { assets: TEST_ASSETS, surface: [...surfaceFiles, file] });
  const message = await started.then(
    async (backend) => {
      await backend.stop();
      return "it started";
    },
    (error: Error) => error.message,
  );
  return message;
}
const inHttp = (part: object) => startWith({ http: [{ ...get, ...part }] });

test("D5: a wrong type of a parameter stops the start with file, entry and what to do, before a file is made", async () => {
  expect(await inHttp({ params: { when: { type: "date" } } })).toBe(
    "There is a mistake in the surface, so nothing was started:\n" +
      '  backend/fixture/surface.ts: GET /api/fixture: params.when has the type "date", which the grammar does not have; make it ' +
      "with a constructor of backend/surface/grammar.ts: string, integer, number, boolean, oneOf, constant, array, object, " +
      "union, nullable, optional.",
  );
  expect(readdirSync(dataDir)).toEqual([]);
});

test("D5: a duplicate path stops the start and names both entries", async () => {
  const again = { ...get, path: "/api/users/me", action: "fixture.me" };
  expect(await startWith({ http: [again] })).toContain(
    "backend/fixture/surface.ts: GET /api/users/me: path is declared twice, first by GET /api/users/me (backend/users/surface.ts)",
  );
});

test("D5: a missing handler stops the start, of a service that is there and of one that is not", async () => {
  const users = { ...get, path: "/api/users/greeting", action: "users.greeting" };
  const message = await startWith({ http: [users, get] });
  expect(message).toContain(
    "backend/fixture/surface.ts: users.greeting: no service has a handler for it; add greeting to the actions of the service users",
  );
  expect(message).toContain("fixture.list: no service has a handler for it; add list to a service named fixture");
});

test("D5: an unknown role stops the start and says which there are", async () => {
  expect(await inHttp({ access: "king" })).toContain(
    'GET /api/fixture: access names the role "king", which does not exist; use public or one of user, moderator, admin.',
  );
});

test("a misspelt member of a surface stops the start, since all that it declares would be missing", async () => {
  expect(await startWith({ http: [get], emit: {} } as OwnSurface)).toContain(
    "backend/fixture/surface.ts: the surface: emit is no member of a surface; " +
      "use one of http, socket, emits, events, actions, namespaces, codes, rates, audits.",
  );
});

test("the shipped surface has no mistake, and one without handlers is found by its handlers alone", async () => {
  const message = await startWith({
    http: [get, { ...get, method: "DELETE", path: "/api/fixture/:id", action: "fixture.remove", params: { id } }],
  });
  expect(message.match(/no service has a handler/g)).toHaveLength(2);
  expect(message.split("\n")).toHaveLength(3);
});

const secret = string({ min: 1, max: 9, secret: true });
test.each<[string, OwnSurface]>([
  ["params.id is in the path and not declared", { http: [{ ...get, path: "/api/fixture/:id" }] }],
  [
    "params.id is in the path and optional",
    { http: [{ ...get, path: "/api/fixture/:id", params: { id: optional(id) } }] },
  ],
  [
    "params.id is in the path and may be empty",
    { http: [{ ...get, path: "/api/fixture/:id", params: { id: string({ min: 0, max: 9 }) } }] },
  ],
  [
    "params.id is in the path, which carries text",
    { http: [{ ...get, path: "/api/fixture/:id", params: { id: object({}) } }] },
  ],
  ["params.q is in the query, which carries text alone", { http: [{ ...get, params: { q: nullable(id) } }] }],
  [
    "params.q is in the query, which carries text alone",
    { http: [{ ...get, params: { q: array(object({}), { max: 1 }) } }] },
  ],
  ["params.q is a secret where requests are logged", { http: [{ ...get, params: { q: secret } }] }],
  ["params.a.b is a secret where requests are logged", { socket: [{ ...call, params: { a: object({ b: secret }) } }] }],
  ["params.q has no minLength", { http: [{ ...get, params: { q: unbounded.string() } }] }],
  ["params.q[] has no maximum", { http: [{ ...get, params: { q: array(unbounded.integer(), { max: 1 }) } }] }],
  ["params.q has no maxItems", { socket: [{ ...call, params: { q: unbounded.array(id) } }] }],
  ["params.q has minimum 2 above maximum 1", { http: [{ ...get, params: { q: integer({ min: 2, max: 1 }) } }] }],
  ['params.q has the format "phone"', { http: [{ ...get, params: { q: { ...id, format: "phone" } } }] }],
  ["params.q has no words", { http: [{ ...get, params: { q: { type: "string", enum: [] } } }] }],
  ["params.q is undefined, which is no schema", { http: [{ ...get, params: { q: undefined } }] }],
  ["params.constructor is no name of a parameter", { socket: [{ ...call, params: { constructor: id } }] }],
  [
    "params.q is a union whose members",
    { socket: [{ ...call, params: { q: { oneOf: [object({})], discriminator: { propertyName: "kind" } } } }] },
  ],
  ["params is missing", { http: [{ ...get, params: undefined }] }],
  ["returns is no object", { http: [{ ...get, returns: unbounded.array(id) }] }],
  [
    "returns.a[].b has the type",
    {
      http: [
        {
          ...get,
          returns: object({ a: unbounded.array({ ...object({}), properties: { b: { type: "map" } } } as never) }),
        },
      ],
    },
  ],
  ["payload is undefined, which is no schema", { emits: { fixture: {} } }],
  ['method is "FETCH"', { http: [{ ...get, method: "FETCH" }] }],
  ['path has the segment ""', { http: [{ ...get, path: "/api/fixture/" }] }],
  ['path has the segment ".."', { http: [{ ...get, path: "/api/../fixture" }] }],
  ['path has the segment "%2f"', { http: [{ ...get, path: "/api/%2f" }] }],
  ['path has the segment ":1"', { http: [{ ...get, path: "/api/:1", params: {} }] }],
  ["path has two parameters of one name", { http: [{ ...get, path: "/api/:id/:id", params: { id } }] }],
  ["path is also that of /app.css", { http: [{ ...get, path: "/:file", params: { file: id } }] }],
  [
    "path means the same requests as GET /api/fixture/:id",
    {
      http: [
        { ...get, path: "/api/fixture/:id", params: { id } },
        { ...get, method: "DELETE", path: "/api/fixture/:fixture", action: "fixture.remove", params: { fixture: id } },
      ],
    },
  ],
  ["action fixture.list has an entry already", { http: [get], socket: [{ ...call, action: "fixture.list" }] }],
  ['action is "list"', { http: [{ ...get, action: "list" }] }],
  ['summary is ""', { http: [{ ...get, summary: "" }] }],
  ["summary is undefined", { socket: [{ ...call, summary: undefined }] }],
  ['rate is "fixture"', { http: [{ ...get, rate: "fixture" }] }],
  ["refuses names the code FIXTURE_TEAPOT", { http: [{ ...get, refuses: ["FIXTURE_TEAPOT"] }] }],
  [
    "params.q.refuses names the code FIXTURE_TEAPOT",
    { http: [{ ...get, params: { q: { ...id, refuses: ["FIXTURE_TEAPOT"] } } }] },
  ],
  ["the code fixtureTeapot: name is", { codes: { fixtureTeapot: [418, "No coffee."] } }],
  ["the code FIXTURE_TEAPOT: value is [200,", { codes: { FIXTURE_TEAPOT: [200, "No coffee."] } }],
  ["the code FIXTURE_TEAPOT: value is null", { codes: { FIXTURE_TEAPOT: null } }],
  ["NOT_FOUND is declared twice, first in backend/surface/codes.ts", { codes: { NOT_FOUND: [404, "No fixture."] } }],
  ["SIGN_IN is declared twice, first in backend/auth/surface.ts", { codes: { SIGN_IN: [401, "Again."] } }],
  ["drain is declared twice, first in backend/gateway/surface.ts", { emits: { drain: { payload: object({}) } } }],
  ["the rate class Slow: name is", { rates: { Slow: { requests: 1, seconds: 10 } } }],
  ["the rate class fixture: value is", { rates: { fixture: { requests: 0, seconds: 10 } } }],
  ["the rate class fixture: value is null", { rates: { fixture: null } }],
  [
    "read is declared twice, first in backend/surface/rate-classes.ts",
    { rates: { read: { requests: 9_999, seconds: 1 } } },
  ],
  [
    "export is declared twice, first in backend/users/surface.ts",
    { rates: { export: { requests: 9_999, seconds: 1 } } },
  ],
  ['the audited action done: name is "done"', { audits: ["done"] }],
  ["login.failed is declared twice, first in backend/users/surface.ts", { audits: ["login.failed"] }],
  [
    "session.ended is declared twice, first in backend/auth/surface.ts",
    { events: { "session.ended": { payload: object({}) } } },
  ],
  ["the event fixture.done between services: payload is null", { events: { "fixture.done": { payload: null } } }],
  [
    "users.login is declared twice, first in backend/users/surface.ts",
    { actions: { "users.login": { params: {}, returns: object({}) } } },
  ],
  ['the action count: action is "count"', { actions: { count: { params: {}, returns: object({}) } } }],
  ["params.q has no minLength", { actions: { "fixture.count": { params: { q: unbounded.string() } } } }],
  ["returns is no object", { actions: { "fixture.count": { params: {}, returns: id } } }],
  ["bodyLimit is 10, and a GET request has no body", { http: [{ ...get, bodyLimit: 10 }] }],
  ["bodyLimit is -1", { http: [{ ...get, method: "POST", bodyLimit: -1 }] }],
  ["access is public, and a socket belongs to a user", { socket: [{ ...call, access: "public" }] }],
  ["rate is credential, and the edge sees no message", { socket: [{ ...call, rate: "credential" }] }],
])("a surface where %s is refused", async (problem, own) => {
  expect(await startWith(own)).toContain(problem);
});

test("a feature refuses with codes of its own, and with those of other features", async () => {
  const codes = { FIXTURE_DONE: [409, "This fixture is done already."] };
  const message = await startWith({ http: [{ ...get, refuses: ["FIXTURE_DONE", "SIGN_IN", "NOT_FOUND"] }], codes });
  expect(message.split("\n")).toEqual([expect.any(String), expect.stringContaining("no service has a handler")]);
});

test("an entry has a rate class of its own feature, or of another one", async () => {
  const rates = { fixture: { requests: 1, seconds: 3600, isShared: true } };
  const message = await startWith({
    http: [{ ...get, rate: "fixture" }],
    socket: [{ ...call, rate: "export" }],
    rates,
  });
  expect(message.split("\n").filter((line) => !line.includes("no service has a handler"))).toHaveLength(1);
});

test("what can be told apart is accepted", async () => {
  const message = await startWith({
    http: [
      { ...get, path: "/api/fixture/mine" },
      {
        ...get,
        path: "/api/fixture/:id",
        action: "fixture.get",
        params: { id, tags: optional(array(id, { max: 3 })) },
      },
      { ...get, path: "/api/fixture/:id/notes", action: "fixture.notes", params: { id } },
      { ...get, method: "POST", bodyLimit: 9, action: "fixture.login", params: { secret, done: constant(true) } },
    ],
  });
  expect(message.split("\n").filter((line) => !line.includes("no service has a handler"))).toHaveLength(1);
});

test("a DELETE entry may take a body, and a GET entry may not", async () => {
  const declared = { ...get, action: "users.me", bodyLimit: 100, params: { id } };
  expect(await startWith({ http: [{ ...declared, method: "GET" }] })).toContain("a GET request has no body");
  expect(await startWith({ http: [{ ...declared, method: "DELETE" }] })).not.toContain("body");
});
