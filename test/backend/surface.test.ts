import { Readable } from "node:stream";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { ServiceBroker } from "moleculer";
import { brokerOptions } from "../../backend/broker.ts";
import { fillPath } from "../../backend/client/fill-path.ts";
import { CODES, type Code, publicError } from "../../backend/contract/index.ts";
import { createLog } from "../../backend/log.ts";
import { postFor } from "../../backend/mail/index.ts";
import type { ValueSchema } from "../../backend/surface/grammar.ts";
import { matchesPath } from "../../backend/surface/path.ts";
import type { Access } from "../../backend/surface/roles.ts";
import { assets, namespaceCalls, ROLES, type Role, serviceActions } from "../../backend/surface.ts";
import { document, responseDifferences, resultDifferences } from "./openapi-differences.ts";
import { sidOf } from "./sample-values.ts";
import {
  allEntries,
  goodParams,
  httpEntries,
  prepared,
  queryOf,
  refusedParams,
  requestedPath,
  sampleBody,
  samplesFileOf,
  socketEntries,
  templateOf,
} from "./samples.ts";
import { emit } from "./socket-calls.ts";
import { openStore, type Store } from "./store/open-store.ts";
import { startTestBackend, type TestBackend, type TestUser } from "./test-backend.ts";
import { testServices } from "./test-modules.ts";
import type { TestResponse } from "./test-server.ts";

let backend: TestBackend;
const people = {} as Record<Role, TestUser>;
/** The user that administrators do things to. */
let target: TestUser;
/** A second node that owns nothing: what it calls runs on another one. */
let remote: ServiceBroker;
let owner: ServiceBroker;
let store: Store;

/** The services that own the actions of clients; the gateway is not on every node. */
const SERVICES = [...new Set(allEntries.map(({ action }) => action.split(".")[0] ?? ""))].filter(
  (name) => name !== "gateway",
);
const below = (access: Access): Role | undefined =>
  access === "public" ? undefined : ROLES[ROLES.indexOf(access) - 1];
const userOf = (role: Role, { id, accessToken }: TestUser) => ({
  user: { id, roles: rolesUpTo(role), sid: sidOf(accessToken) },
});
const isPicky = ({ refuses = [] }: ValueSchema) => refuses.length > 0;
const rolesUpTo = (role: Role) => ROLES.slice(0, ROLES.indexOf(role) + 1);

beforeAll(async () => {
  backend = await startTestBackend();
  for (const role of ROLES) people[role] = await backend.registerUser(role);
  target = await backend.registerUser();
  store = await openStore(backend.config);
  const post = postFor(backend.config, {
    log: createLog({ logLevel: "silent" }),
    throttles: store.throttles,
    clock: Date.now,
  });
  const options = (nodeId: string) => ({
    ...brokerOptions({ nats: undefined, nodeId }, createLog({ logLevel: "silent" })),
    transporter: "Fake" as const,
  });
  owner = new ServiceBroker(options("owner"));
  for (const service of await testServices({ database: store, post, site: () => backend.url }))
    owner.createService(service);
  remote = new ServiceBroker(options("caller"));
  await Promise.all([owner.start(), remote.start()]);
  await remote.waitForServices(SERVICES, 5000, 10);
});
afterAll(async () => {
  await Promise.all([remote.stop(), owner.stop()]);
  await store.close();
  await backend.stop();
});

/** Asks for an HTTP entry with good parameters. */
async function askFor(entry: (typeof httpEntries)[number], person: TestUser, token: string | undefined) {
  const { path, rest } = fillPath(entry.path, await prepared(store, entry.action, entry.params, person, target));
  if (entry.kind === "stream") {
    const query = queryOf(rest);
    const body = entry.body && sampleBody(entry.action);
    const sent = body && { body: body.bytes, headers: { "content-type": body.type } };
    return backend.request(entry.method, query ? `${path}?${query}` : path, { token, ...sent });
  }
  if (entry.bodyLimit > 0) return backend.request(entry.method, path, { token, body: rest });
  const query = queryOf(rest);
  return backend.request(entry.method, query ? `${path}?${query}` : path, { token });
}

test.each(httpEntries)(
  "$method $path lets in exactly whom the surface says, and answers what it says",
  async (entry) => {
    const like = (answer: TestResponse) => [
      answer.status,
      responseDifferences(entry.method, templateOf(entry.path), answer),
    ];
    if (entry.access === "public") {
      const person = await backend.registerUser();
      expect(like(await askFor(entry, person, undefined))).toEqual([200, []]);
      return;
    }
    const person = await backend.registerUser(entry.access);
    const signedOut = await askFor(entry, person, undefined);
    expect([signedOut.status, signedOut.json.error?.code, signedOut.headers.get("www-authenticate")]).toEqual([
      401,
      "UNAUTHORIZED",
      "Bearer",
    ]);
    for (const token of ["", "x", `${person.accessToken}x`, person.refreshToken])
      expect((await askFor(entry, person, token)).status).toBe(401);
    const lower = below(entry.access);
    if (lower) expect((await askFor(entry, people[lower], people[lower].accessToken)).status).toBe(403);
    expect(like(await askFor(entry, person, person.accessToken))).toEqual([200, []]);
  },
);

test.each(socketEntries)(
  "the call $action lets in exactly whom the surface says, and answers what it says",
  async (entry) => {
    await expect(backend.connect()).rejects.toMatchObject({ message: "UNAUTHORIZED" });
    const lower = below(entry.access);
    if (lower) {
      const socket = await backend.connect(people[lower].accessToken);
      const { error } = await emit(socket, "call", entry.action, goodParams(entry.action, entry.params, people[lower]));
      expect(error?.code).toBe("FORBIDDEN");
      socket.close();
    }
    const socket = await backend.connect(people[entry.access].accessToken);
    const good = await prepared(store, entry.action, entry.params, people[entry.access], target);
    const { error, result } = await emit(socket, "call", entry.action, good);
    expect([error, resultDifferences(entry.action, error, result)]).toEqual([null, []]);
    socket.close();
  },
);

test.each(allEntries.filter(({ params }) => Object.values(params).some(isPicky)))(
  "$action refuses values with the codes that its parameters declare",
  async ({ action, access, params }) => {
    const person = await backend.registerUser(access === "public" ? "user" : access);
    const meta = access === "public" ? {} : userOf(access, person);
    for (const [field, { refuses = [] }] of Object.entries(params)) {
      for (const code of refuses) {
        const good = await prepared(store, action, params, person, target);
        const wrong = refusedParams(action, field, code, good, person);
        const refused = await backend.broker.call(action, wrong, { meta }).catch(publicError);
        expect([field, refused]).toEqual([
          field,
          expect.objectContaining({ status: CODES[code as Code][0], code, field }),
        ]);
      }
    }
  },
);

test.each(allEntries.filter(({ action }) => !action.startsWith("gateway.")))(
  "$action decides on the node that runs it, for a remote call alike",
  async (entry) => {
    const { action, access, params } = entry;
    const stream = () =>
      "kind" in entry && entry.kind === "stream" && entry.body
        ? { stream: Readable.from([sampleBody(action).bytes], { objectMode: false }) }
        : {};
    const role = access === "public" ? "user" : access;
    const person = await backend.registerUser(role);
    const good = () => prepared(store, action, params, person, target);
    if (access !== "public") {
      await expect(remote.call(action, await good())).rejects.toMatchObject({ code: 401, type: "UNAUTHORIZED" });
      const lower = below(access);
      if (lower)
        await expect(remote.call(action, await good(), { meta: userOf(lower, people[lower]) })).rejects.toMatchObject({
          code: 403,
        });
    }
    const meta = access === "public" ? {} : userOf(role, person);
    await remote.call(action, await good(), { meta, ...stream() }).catch((cause: unknown) => {
      throw new Error(`${action} refuses its sample parameters; give better ones in ${samplesFileOf(action)}`, {
        cause,
      });
    });
  },
);

test("every action of the broker is declared, and what only services call is out of reach on every way", async () => {
  const names: string[] = backend.broker.registry.getActionList({}).map(({ name }: { name: string }) => name);
  const declared = allEntries.map(({ action }) => action as string);
  expect([...new Set(names)].sort()).toEqual([...new Set([...declared, ...Object.keys(serviceActions)])].sort());

  const socket = await backend.connect(people.admin.accessToken);
  const reachable = new Set(socketEntries.map(({ action }) => action as string));
  for (const name of names.filter((one) => !reachable.has(one))) {
    expect([name, (await emit(socket, "call", name, {})).error?.code]).toEqual([name, "NOT_FOUND"]);
  }
  for (const name of Object.keys(serviceActions)) {
    await expect(remote.call(name, {}, { headers: { outside: true } })).rejects.toMatchObject({ code: 404 });
    const path = name.replace(".", "/");
    for (const url of [`/${path}`, `/api/${path}`, `/${name}`])
      expect((await backend.request("POST", url, { body: {} })).status).toBe(404);
  }
});

test("no credential can be sent over a socket", () => {
  for (const { rate, params } of [...socketEntries, ...namespaceCalls]) {
    expect(rate).not.toBe("credential");
    for (const [name, param] of Object.entries(params)) expect([name, "secret" in param]).toEqual([name, false]);
  }
});

test("what the surface does not list is 404: every other method of every path, and paths around them", async () => {
  const token = people.admin.accessToken;
  const paths = new Set([...httpEntries.map(({ path }) => requestedPath(path)), ...assets]);
  const isDeclared = (method: string, path: string) =>
    httpEntries.some((entry) => entry.method === method && matchesPath(entry.path, path));
  for (const path of paths) {
    for (const method of ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]) {
      const isAsset = assets.some((asset) => asset === path) && (method === "GET" || method === "HEAD");
      if (isAsset || isDeclared(method, path)) continue;
      expect([method, path, (await backend.request(method, path, { token })).status]).toEqual([method, path, 404]);
    }
    if (path === "/") continue;
    const around = [`${path}/`, path.toUpperCase(), `/${path}`, `${path}x`, `${path}%20`, path.slice(0, -1)].filter(
      (one) => !paths.has(one) && !isDeclared("GET", one),
    );
    for (const url of around) expect([url, (await backend.request("GET", url, { token })).status]).toEqual([url, 404]);
  }
});

test("the OpenAPI document is the surface", async () => {
  expect((await backend.request("GET", "/api/openapi.json")).json).toEqual(document);
  const described = Object.entries<Record<string, { operationId: string }>>(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, { operationId }]) => `${method.toUpperCase()} ${path} ${operationId}`),
  );
  expect(described.sort()).toEqual(
    httpEntries.map(({ method, path, action }) => `${method} ${templateOf(path)} ${action}`).sort(),
  );
  expect(Object.keys(document["x-socket"].calls)).toEqual(socketEntries.map(({ action }) => action));
});

test.each(assets)("%s is served from memory, safe to show and to cache", async (path) => {
  const { status, headers, text } = await backend.request("GET", path);
  expect(status).toBe(200);
  expect(text).toBe(`<p>${path}</p>`);
  expect(headers.get("content-security-policy")).toContain("default-src 'none'; script-src 'self'");
  expect(headers.get("content-security-policy")).not.toContain("unsafe");
  expect(headers.get("x-content-type-options")).toBe("nosniff");
  expect(headers.get("referrer-policy")).toBe("no-referrer");
  const etag = headers.get("etag") ?? "";
  expect((await backend.request("GET", path, { headers: { "if-none-match": etag } })).status).toBe(304);
  const head = await backend.request("HEAD", path);
  expect([head.status, head.text, head.headers.get("content-length")]).toEqual([200, "", String(text.length)]);
  // kept for good under the address that says what is in it, and never what other addresses answer; the page itself
  // never
  const kept = async (query: string) =>
    (await backend.request("GET", `${path}${query}`)).headers.get("cache-control") ===
    "public, max-age=31536000, immutable";
  const version = etag.slice(1, -1);
  expect(await kept(`?v=${version}`)).toBe(path !== "/");
  for (const query of ["", "?v=", `?v=${version}x`, `?v=${version}&v=1`, `?V=${version}`])
    expect([query, await kept(query)]).toEqual([query, false]);
});
