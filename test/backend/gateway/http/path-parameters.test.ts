import { request } from "node:http";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import fc from "fast-check";
import type { Context } from "moleculer";
import { fillPath } from "../../../../backend/client/fill-path.ts";
import { rulesOf } from "../../../../backend/contract/validation.ts";
import { routeTable } from "../../../../backend/gateway/http/routes.ts";
import { boolean, integer, object, oneOf, optional, type Params, string } from "../../../../backend/surface/grammar.ts";
import { pathNames } from "../../../../backend/surface/path.ts";
import type { HttpEntry } from "../../../../backend/surface.ts";
import { startTestGateway, type TestGateway } from "../../test-gateway.ts";
import { tokenOf } from "../../test-tokens.ts";

const id = string({ min: 1, max: 64 });
const common = { summary: "Echo", access: "public", rate: "read", returns: object({}) } as const;
const entry = (method: HttpEntry["method"], path: HttpEntry["path"], params: Params, bodyLimit = 0): HttpEntry => ({
  ...common,
  method,
  path,
  action: `echo.${method.toLowerCase()}${path.replaceAll(/\W/g, "_")}`,
  bodyLimit,
  params,
});
const entries: readonly HttpEntry[] = [
  entry("GET", "/api/todos/:id", { id, view: optional(oneOf(["short", "long"])) }),
  entry("PATCH", "/api/todos/:id", { id, done: boolean() }, 1024),
  entry("DELETE", "/api/todos/:id", { id, soon: optional(boolean()) }),
  entry("GET", "/api/todos/mine", {}),
  entry("GET", "/api/lists/:list/todos/:position", { list: id, position: integer({ min: 1, max: 99 }) }),
  { ...entry("GET", "/api/secrets/:id", { id }), access: "admin" },
];
/** Responds with the action that ran and the parameters that it got. */
const echo = {
  name: "echo",
  actions: Object.fromEntries(
    entries.map(({ action, params, access }) => [
      action,
      {
        name: action,
        auth: access === "public" ? "public" : "required",
        roles: ["admin"],
        params: rulesOf(params),
        handler: (ctx: Context) => ({ action, params: ctx.params }),
      },
    ]),
  ),
  settings: { $noServiceNamePrefix: true },
} as const;

let gateway: TestGateway;
beforeAll(async () => {
  gateway = await startTestGateway({}, { entries, services: [echo as never] });
});
afterAll(() => gateway.stop());

interface Reply {
  readonly status: number;
  readonly json: { readonly action?: string; readonly params?: object; readonly error?: { readonly field?: string } };
}

/** Sends the path byte by byte as it is: `fetch` would remove dots from it. */
function send(method: string, path: string, body?: object, token?: string): Promise<Reply> {
  return new Promise((resolve, reject) => {
    const text = JSON.stringify(body ?? null);
    const headers = {
      ...(body && { "content-type": "application/json", "content-length": Buffer.byteLength(text) }),
      ...(token !== undefined && { authorization: `Bearer ${token}` }),
    };
    const sent = request({ host: "127.0.0.1", port: gateway.port, method, path, headers }, (response) => {
      let received = "";
      response.setEncoding("utf8").on("data", (chunk: string) => {
        received += chunk;
      });
      response.on("end", () => resolve({ status: response.statusCode ?? 0, json: JSON.parse(received) }));
    });
    sent.on("error", reject).end(body && text);
  });
}

test("D4: a path parameter reaches the action, beside those in query and body, as the type that it has", async () => {
  expect((await send("GET", "/api/todos/7?view=long")).json.params).toEqual({ id: "7", view: "long" });
  expect((await send("PATCH", "/api/todos/7", { done: true })).json.params).toEqual({ id: "7", done: true });
  expect((await send("DELETE", "/api/todos/7?soon=true")).json.params).toEqual({ id: "7", soon: true });
  expect((await send("GET", "/api/lists/home/todos/12")).json.params).toEqual({ list: "home", position: 12 });
  expect(await send("GET", "/api/lists/home/todos/100")).toMatchObject({
    status: 422,
    json: { error: { field: "position" } },
  });
  expect(await send("GET", "/api/lists/home/todos/1e1")).toMatchObject({
    status: 422,
    json: { error: { field: "position" } },
  });
});

test("a fixed path wins the methods that it has, and the others are those of the path with a parameter", async () => {
  expect((await send("GET", "/api/todos/mine")).json.params).toEqual({});
  expect((await send("DELETE", "/api/todos/mine")).json.params).toEqual({ id: "mine" });
  expect((await send("POST", "/api/todos/mine", {})).status).toBe(404);
});

test("the caller's role is checked before the parameter is looked at", async () => {
  expect((await send("GET", `/api/secrets/${"x".repeat(99)}`)).status).toBe(401);
  expect((await send("GET", "/api/secrets/1", undefined, tokenOf("ada"))).status).toBe(403);
  expect((await send("GET", "/api/secrets/1", undefined, tokenOf("ada", "admin"))).status).toBe(200);
});

test("a name in the path cannot be sent in query or body too", async () => {
  for (const [method, path, body] of [
    ["GET", "/api/todos/7?id=8", undefined],
    ["GET", "/api/todos/7?id=7", undefined],
    ["DELETE", "/api/todos/7?id=8", undefined],
    ["PATCH", "/api/todos/7", { id: "8", done: true }],
  ] as const) {
    const { status, json } = await send(method, path, body);
    const message = expect.stringContaining("expected it in the path alone, but got it in the query or the body too.");
    expect([path, status, json.error]).toEqual([path, 422, { code: "VALIDATION", message, field: "id" }]);
  }
});

test("an entry without a body refuses one", async () => {
  expect((await send("DELETE", "/api/todos/7", { soon: true })).status).toBe(413);
});

test.each([
  ["/api/todos/a%2Fb", "a/b"],
  ["/api/todos/a%252Fb", "a%2Fb"],
  ["/api/todos/%E2%82%AC%20+", "€ +"],
  ["/api/todos/...", "..."],
  ["/api/todos/:id", ":id"],
])("%s is decoded once", async (path, value) => {
  expect((await send("GET", path)).json.params).toEqual({ id: value });
});

test.each([
  ...["/api/todos/", "/api/todos//", "/api/todos/7/", "/api/todos/7/8", "/api//todos/7", "/API/todos/7", "/api/todos"],
  ...["/api/todos/..", "/api/todos/.", "/api/todos/%2e%2E", "/api/todos/%2e", "/api/todos/.%2e", "/api/todos/x/../7"],
  ...["/api/todos/%", "/api/todos/%zz", "/api/todos/%ff", "/api/todos/%c3", "/api/todos/a\\b", '/api/todos/a"b'],
  ...["/api/todos/a|b", "/api%2Ftodos/7", "/api/todos%2F7", "/api/t%6fdos/7", "/api/lists//todos/1"],
])("%s is no path of the surface", async (path) => {
  expect([(await send("GET", path)).status, (await send("DELETE", path)).status]).toEqual([404, 404]);
});

test("text that no database stores is refused by name", async () => {
  expect(await send("GET", "/api/todos/a%00b")).toMatchObject({ status: 422, json: { error: { field: "id" } } });
});

const RUNS = Number(process.env.CAUSEWAY_FUZZ_CASES ?? 300);
const fixed = ["api", "todos", "lists", "mine"];
const piece = fc.oneof(
  fc.constantFrom(
    ...fixed,
    "",
    ".",
    "..",
    "%2e",
    "%2E%2e",
    "%2F",
    "%252f",
    "%00",
    "%",
    "%ff",
    "7",
    "a:b",
    ";x=1",
    "\\",
  ),
  fc.string({ unit: fc.constantFrom(..."abA%2fF.:;+~@é\\".split("")), maxLength: 6 }),
);
const paths = fc.array(piece, { minLength: 1, maxLength: 6 }).map((segments) => `/${segments.join("/")}`);

/** What a path means, in other words than the gateway's. */
function meaning(method: string, path: string): { action: string; params: object } | undefined {
  const unescaped = /^(?:\/(?:[A-Za-z0-9._~!$&'()*+,;=:@-]|%[0-9A-Fa-f]{2})+)+$/;
  const found = entries.flatMap(({ action, path: pattern, method: own }) => {
    const source = pattern.replaceAll(/:\w+/g, "([^/]+)");
    const match = new RegExp(`^${source}$`).exec(path);
    if (!match || own !== method) return [];
    if (!pattern.includes(":")) return [{ action, params: {}, isFixed: true }];
    if (!unescaped.test(path)) return [];
    try {
      const values = match.slice(1).map((text) => new TextDecoder("utf-8", { fatal: true }).decode(bytesOf(text)));
      if (values.some((value) => value === "." || value === "..")) return [];
      return [
        {
          action,
          params: Object.fromEntries(pathNames(pattern).map((name, at) => [name, values[at]])),
          isFixed: false,
        },
      ];
    } catch {
      return [];
    }
  });
  return found.find(({ isFixed }) => isFixed) ?? found[0];
}

function bytesOf(text: string): Buffer {
  const parts = text.split(/(%[0-9A-Fa-f]{2})/);
  return Buffer.concat(
    parts.map((part) => (part.length === 3 && part[0] === "%" ? Buffer.from(part.slice(1), "hex") : Buffer.from(part))),
  );
}

test("any path leads to the entry and the values that it means, or nowhere", async () => {
  const table = routeTable(entries);
  fc.assert(
    fc.property(
      fc.oneof(
        paths,
        paths.map((path) => `/api/todos${path}`),
        paths.map((path) => `/api/lists${path}`),
      ),
      (path) => {
        for (const method of ["GET", "PATCH", "DELETE", "POST"]) {
          expect([method, path, table.at(path)?.get(method)?.action]).toEqual([
            method,
            path,
            meaning(method, path)?.action,
          ]);
        }
      },
    ),
    { numRuns: RUNS },
  );
  await fc.assert(
    fc.asyncProperty(paths, async (end) => {
      const path = `/api/todos${end}`;
      if (/[^!-~]/.test(path)) return; // Node's own client refuses to send it
      const meant = meaning("GET", path);
      const { status, json } = await send("GET", path);
      if (!meant) expect([path, status]).toEqual([path, 404]);
      else if (status === 200) expect([path, json]).toEqual([path, { action: meant.action, params: meant.params }]);
      else
        expect([path, status, JSON.stringify(meant.params)]).toEqual([path, 422, expect.stringContaining("\\u0000")]);
    }),
    { numRuns: Math.min(RUNS, 300) },
  );
});

test("what fillPath makes of any value comes back as this value", async () => {
  await fc.assert(
    fc.asyncProperty(fc.string({ unit: "grapheme", minLength: 1, maxLength: 8 }), async (value) => {
      fc.pre(value.isWellFormed() && !value.includes("\0") && value !== "." && value !== "..");
      const { path, rest } = fillPath("/api/todos/:id", { id: value, view: "short" });
      expect(rest).toEqual({ view: "short" });
      expect((await send("GET", path)).json.params).toEqual({ id: value });
    }),
    { numRuns: 100 },
  );
  for (const value of ["", ".", "..", undefined, null, {}, "\ud800"]) {
    expect(() => fillPath("/api/todos/:id", { id: value })).toThrow("The parameter id of /api/todos/:id");
  }
});
