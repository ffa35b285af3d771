import { expect, test } from "@jest/globals";
import type { Context } from "moleculer";
import type { SiteClient } from "../../../backend/client/index.ts";
import {
  actionRules,
  call,
  defineService,
  type Emitted,
  type Handlers,
  type Meta,
  type ResultOf,
  refuse,
  rolesFrom,
  type ServiceName,
} from "../../../backend/contract/index.ts";
import { array, boolean, integer, object, optional, string, unbounded } from "../../../backend/surface/grammar.ts";
import type { HttpEntry, SocketEntry } from "../../../backend/surface.ts";

// `npm run check` is what proves these: a line that ought to be wrong and compiles is an error there.
const client = {} as SiteClient;
const ctx = { call: () => Promise.resolve({}) } as unknown as Context<unknown, Meta>;
const entry = {
  method: "GET",
  path: "/api/x",
  action: "users.x",
  summary: "Try x",
  access: "user",
  rate: "read",
  bodyLimit: 0,
  params: {},
  returns: object({}),
} as const;
const shout = {
  action: "users.shout",
  summary: "Shout",
  access: "user",
  rate: "write",
  params: {},
  returns: entry.returns,
} as const;

/** Only for the type checker; never called. */
function wrongOnPurpose(): void {
  // @ts-expect-error an action that no service declares
  void call(ctx, "users.nope", {});
  // @ts-expect-error a parameter that is not declared
  void call(ctx, "users.login", { email: "a", password: "b", role: "admin" });
  // @ts-expect-error a parameter is missing
  void call(ctx, "users.login", { email: "a" });
  // @ts-expect-error a parameter has the wrong type
  void call(ctx, "users.setRole", { id: 1, role: "admin" });
  // @ts-expect-error the result has no such member
  void call(ctx, "users.profile", {}).then(({ password }) => password);
  // @ts-expect-error actions are missing
  defineService({ name: "auth", actions: {} });
  // @ts-expect-error a field of the answer is missing
  const missing: Handlers<"auth">["logout"] = () => ({});
  // @ts-expect-error a field of the answer has the wrong type
  const wrong: Handlers<"auth">["logout"] = async () => ({ ended: false });
  // @ts-expect-error a word that the answer cannot be
  const word: ResultOf<"users.profile">["roles"] = ["king"];
  // @ts-expect-error null where nothing may be missing
  const nothing: ResultOf<"users.profile">["name"] = null;
  // @ts-expect-error an event carries what the surface says
  const told: Emitted["drain"] = { retryAfter: "soon" };
  void [missing, wrong, word, nothing, told];
  // @ts-expect-error a service that owns nothing in the surface
  defineService({ name: "cats", actions: {} });

  // @ts-expect-error the client makes no call that the surface does not list
  void client.call("users.shout", {});
  // @ts-expect-error what only HTTP carries is no call over the socket
  void client.call("users.login", { email: "a", password: "b" });
  // @ts-expect-error a parameter of the client's call has the wrong type
  void client.call("users.pictures", { users: "ada" });
  // @ts-expect-error the client makes no request that the surface does not list
  void client.request("GET /api/users/you", {});
  // @ts-expect-error the result of the client's call has no such member
  void client.call("users.pictures", { users: ["ada"] }).then(({ online }) => online);

  // @ts-expect-error no such role
  const role: HttpEntry = { ...entry, access: "king" };
  // @ts-expect-error no such service
  const service: ServiceName = "cats";
  // @ts-expect-error no such rate class
  const rate: HttpEntry = { ...entry, rate: "often" };
  // @ts-expect-error no such kind of parameter
  const param: HttpEntry = { ...entry, params: { when: { type: "date" } } };
  // @ts-expect-error no such kind of answer
  const returns: HttpEntry = { ...entry, returns: object({ when: { type: "date" } }) };
  // @ts-expect-error an answer is an object
  const bare: HttpEntry = { ...entry, returns: unbounded.array(unbounded.string()) };
  // @ts-expect-error an entry says what it answers
  const silent: SocketEntry = { action: "users.shout", summary: "Shout", access: "user", rate: "write", params: {} };
  // @ts-expect-error no such code to refuse with
  void refuse("TEAPOT");
  // @ts-expect-error a socket always belongs to an account
  const open: SocketEntry = { ...shout, access: "public" };
  // @ts-expect-error no credential goes over a socket
  const credential: SocketEntry = { ...shout, rate: "credential" };
  // @ts-expect-error no secret goes over a socket
  const secret: SocketEntry = { ...shout, params: { password: string({ min: 1, max: 9, secret: true }) } };
  // @ts-expect-error text without bounds
  void string();
  // @ts-expect-error text without its largest length
  void string({ min: 1 });
  // @ts-expect-error a number without bounds
  void integer({ min: 1 });
  // @ts-expect-error a list without its largest number of items
  void array(boolean(), {});
  // @ts-expect-error a parameter has bounds
  const bareText: HttpEntry = { ...entry, params: { text: unbounded.string() } };
  // @ts-expect-error as JSON Schema too
  const plainText: HttpEntry = { ...entry, params: { text: { type: "string" } } };
  // @ts-expect-error also within an array
  const bareItem: HttpEntry = { ...entry, params: { texts: array(unbounded.string(), { max: 9 }) } };
  // @ts-expect-error also within an object, however deep, and when it may be missing
  const bareField: HttpEntry = { ...entry, params: { a: optional(object({ b: object({ c: unbounded.integer() }) })) } };
  void [bareText, plainText, bareItem, bareField];
  void [role, service, rate, param, returns, bare, silent, open, credential, secret];
}

test("what is wrong does not compile", () => {
  expect(wrongOnPurpose).toBeInstanceOf(Function);
});

test("an action takes who may call it, its parameters and its visibility from its entry", () => {
  expect(actionRules("users.login")).toMatchObject({
    auth: "public",
    visibility: "published",
    params: { type: "object", required: ["email", "password"], additionalProperties: false },
  });
  expect(actionRules("users.profile")).toMatchObject({ auth: "required", roles: ["user", "moderator", "admin"] });
  expect(actionRules("users.setRole")).toMatchObject({ auth: "required", roles: ["admin"] });
  expect(rolesFrom("moderator")).toEqual(["moderator", "admin"]);
  expect(actionRules("auth.verifyToken")).toMatchObject({ auth: "service", visibility: "public" });
  expect(() => actionRules("users.nope" as never)).toThrow(
    "users.nope: a service has a handler for it and no entry declares it; add one to",
  );
  expect(() => actionRules("toString" as never)).toThrow("no entry declares it");
  expect(rolesFrom("admin")).toEqual(["admin"]);
});
