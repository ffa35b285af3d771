import { afterAll, beforeAll, expect, test } from "@jest/globals";
import type { ValueSchema } from "../../backend/surface/grammar.ts";
import { pathNames } from "../../backend/surface/path.ts";
import { type HttpEntry, ROLES, type Role } from "../../backend/surface.ts";
import { goodParams, httpEntries, requestedPath, socketEntries, storedByCalls } from "./samples.ts";
import { emit } from "./socket-calls.ts";
import { startTestBackend, type TestBackend, type TestUser } from "./test-backend.ts";

let backend: TestBackend;
const people = {} as Record<Role, TestUser>;
beforeAll(async () => {
  backend = await startTestBackend();
  for (const role of ROLES) people[role] = await backend.registerUser(role);
});
afterAll(() => backend.stop());

/** JSON texts that are wrong for every kind of parameter but an array of arrays and one that may be null. */
const COMMON = ["null", '{"toString":"x"}', '{"__proto__":{"x":1}}', "[[[[[[[[[[[[[[]]]]]]]]]]]]]]"];

/** JSON texts that a parameter must not be. */
function wrongValues(param: ValueSchema): readonly string[] {
  if ("anyOf" in param) return wrongValues(param.anyOf[0]).filter((text) => text !== "null");
  if ("oneOf" in param) return [...COMMON, "true", "1", '"x"', "[]", "{}"];
  if ("const" in param) return [...COMMON, "[]", "{}", '"no such value"', "-7"];
  if ("enum" in param) return [...COMMON, "true", "1", "[]", "{}", '["x"]', '"no such word"'];
  switch (param.type) {
    case "boolean":
      return [...COMMON, "[]", "{}", '"true"', "1", "[true]"];
    case "integer":
    case "number": {
      const { minimum = 0, maximum = 0 } = param;
      const fraction = param.type === "integer" ? ["1.5"] : [];
      const outside = [`${maximum + 2}`, `${minimum - 1}`, "1e400", "-1e400"];
      return [...COMMON, "true", "[]", "{}", '["x"]', '"1"', ...fraction, ...outside];
    }
    case "array":
      return [...COMMON.filter((text) => !text.startsWith("[")), "true", "1", '"x"', "{}"];
    case "object":
      return [...COMMON, "true", "1", '"x"', "[]", '["x"]'];
    case "string": {
      const { minLength = 0, maxLength = 0, format } = param;
      return [
        ...[...COMMON, "true", "1", "[]", "{}", '["x"]'],
        ...(minLength > 0 ? ['""'] : []),
        ...(format === undefined
          ? []
          : ['"x"', '"a@b"', '"a b@example.org"', '"@example.org"', '"a@@example.org"', '"a@example..org"']),
        `"${"x".repeat(maxLength + 1)}"`,
        '"x\\u0000xxxxxxxx@a.b"',
        '"\\ud800xxxxxxxxx@a.b"',
        '"xxxxxxxx\\udc00@a.b"',
      ];
    }
  }
}

const withBody = httpEntries.filter(({ bodyLimit, kind }) => bodyLimit > 0 && kind === undefined);
/** The parameters of an entry that are in its body. */
const inBody = ({ path, params }: HttpEntry) =>
  Object.entries(params).filter(([name]) => !pathNames(path).includes(name));

test.each(withBody)("$method $path refuses every wrong value of every parameter by name", async (entry) => {
  const person = people[entry.access === "public" ? "user" : entry.access];
  const good = () => goodParams(entry.action, Object.fromEntries(inBody(entry)), person);
  const path = requestedPath(entry.path);
  const send = (body: string) => backend.request(entry.method, path, { body, token: person.accessToken });
  for (const [name, param] of inBody(entry)) {
    for (const value of wrongValues(param)) {
      const others = Object.entries(good()).filter(([key]) => key !== name);
      const members = [
        ...others.map(([key, item]) => `${JSON.stringify(key)}:${JSON.stringify(item)}`),
        `"${name}":${value}`,
      ];
      const { status, json } = await send(`{${members.join(",")}}`);
      const found = [name, value, status, json.error?.field];
      // in an array or an object the place in it is named as well
      expect(found).toEqual([name, value, 422, expect.stringMatching(new RegExp(`^${name}(?![A-Za-z0-9])`))]);
    }
    if (param.optional) continue;
    const { [name]: _, ...missing } = good();
    const { status, json } = await send(JSON.stringify(missing));
    expect([status, json.error?.code, json.error?.field]).toEqual([422, "VALIDATION", name]);
  }
  for (const key of ["__proto__", "constructor", "prototype", "toString", "role", "$join", "meta"]) {
    const members = Object.entries(good()).map(([name, item]) => `"${name}":${JSON.stringify(item)}`);
    const { status, json } = await send(`{${[...members, `"${key}":{"admin":true}`].join(",")}}`);
    expect([key, status, json.error?.code]).toEqual([key, 422, "VALIDATION"]);
  }
});

test("bodies that are no JSON object are refused with a stable code", async () => {
  const send = async (body: string | Buffer, headers: Record<string, string> = {}) => {
    const { status, json } = await backend.request("POST", "/api/auth/login", { body, headers });
    return [status, json.error?.code];
  };
  for (const body of ["{", "}", "nul", '{"a":1,}', "{'a':1}", '{"email":"a"}x', "undefined", "NaN"]) {
    expect([body, await send(body)]).toEqual([body, [400, "BAD_JSON"]]);
  }
  expect(await send(Buffer.from([0x7b, 0xff, 0xfe, 0x7d]))).toEqual([400, "BAD_JSON"]);
  expect(await send(Buffer.from([0xc0, 0x80]))).toEqual([400, "BAD_JSON"]);
  for (const body of ["[]", "1", '"x"', "null", "true"]) expect(await send(body)).toEqual([422, "VALIDATION"]);
  for (const type of [
    "text/plain",
    "application/x-www-form-urlencoded",
    "multipart/form-data; boundary=x",
    "application/json; charset=utf-16",
    "application/jsonp",
  ]) {
    expect(await send("{}", { "content-type": type })).toEqual([415, "UNSUPPORTED_MEDIA_TYPE"]);
  }
  expect(await send("{}", { "content-encoding": "gzip" })).toEqual([415, "UNSUPPORTED_MEDIA_TYPE"]);
  expect(await send(`{"email":"${"x".repeat(4096)}"}`)).toEqual([413, "PAYLOAD_TOO_LARGE"]);
});

test("a query is read strictly: names once, nothing that is not declared", async () => {
  const code = async (query: string) =>
    (await backend.request("GET", `/.well-known/jwks.json?${query}`)).json.error?.code;
  for (const query of ["a=1", "a=1&a=2", "__proto__=x", "constructor=x", "__proto__[x]=1", "a[b]=1", "%ff=1"]) {
    expect([query, await code(query)]).toEqual([query, "VALIDATION"]);
  }
});

test.each(socketEntries)("the call $action refuses every wrong value of every parameter by name", async (entry) => {
  const who = people[entry.access];
  const socket = await backend.connect(who.accessToken);
  for (const [name, param] of Object.entries(entry.params)) {
    for (const text of wrongValues(param)) {
      // Infinity cannot travel as JSON: the client would send null
      if (text.includes("e400")) continue;
      const params = { ...goodParams(entry.action, entry.params, who), [name]: JSON.parse(text) };
      const { error } = await emit(socket, "call", entry.action, params);
      const place = expect.stringMatching(new RegExp(`^${name}(?![A-Za-z0-9])`));
      expect([name, text, error?.field]).toEqual([name, text, place]);
    }
  }
  for (const given of ["x", 1, true, [], [1], Buffer.from("x")]) {
    expect((await emit(socket, "call", entry.action, given)).error?.code).toBe("VALIDATION");
  }
  socket.close();
});

test("S9: null for any parameter of any entry, optional ones too, is refused by the parameter's name", async () => {
  const tried = { http: 0, socket: 0 };
  const refused = { code: "VALIDATION", message: expect.any(String) };
  for (const entry of withBody) {
    const person = people[entry.access === "public" ? "user" : entry.access];
    for (const [field, param] of inBody(entry)) {
      if ("anyOf" in param) continue;
      const body = { ...goodParams(entry.action, Object.fromEntries(inBody(entry)), person), [field]: null };
      const path = requestedPath(entry.path);
      const { status, json } = await backend.request(entry.method, path, { body, token: person.accessToken });
      expect([entry.action, field, status, json.error]).toEqual([entry.action, field, 422, { ...refused, field }]);
      tried.http += 1;
    }
  }
  for (const entry of socketEntries) {
    const person = people[entry.access];
    const socket = await backend.connect(person.accessToken);
    for (const [field, param] of Object.entries(entry.params)) {
      if ("anyOf" in param) continue;
      const params = { ...goodParams(entry.action, entry.params, person), [field]: null };
      const { error } = await emit(socket, "call", entry.action, params);
      expect([entry.action, field, error]).toEqual([entry.action, field, { ...refused, field }]);
      tried.socket += 1;
    }
    socket.close();
  }
  expect(tried.http).toBeGreaterThan(20);
  expect(tried.socket).toBeGreaterThanOrEqual(socketEntries.length);
  expect(backend.log.filter(({ level }) => level === "error")).toEqual([]);
});

test("nothing of all that was stored", async () => {
  const socket = await backend.connect(people.user.accessToken);
  const call = async (action: string, params: object) => (await emit(socket, "call", action, params)).result;
  expect(await storedByCalls(call)).toEqual([]);
  const { json } = await backend.request("GET", "/api/admin/users", { token: people.admin.accessToken });
  expect((json as { users?: unknown[] }).users).toHaveLength(ROLES.length);
});
