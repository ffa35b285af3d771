import { once } from "node:events";
import { PassThrough, Readable } from "node:stream";
import { afterEach, describe, expect, test } from "@jest/globals";
import { readBody } from "../../../../backend/contract/index.ts";
import { object, string, unbounded } from "../../../../backend/surface/grammar.ts";
import { bytes } from "../../../../backend/surface/stream-grammar.ts";
import type { TestGateway } from "../../test-gateway.ts";
import { tokenOf } from "../../test-tokens.ts";
import { headOf, openConnection, startStreamGateway } from "./stream-gateway.ts";

let gateway: TestGateway;
afterEach(() => gateway.stop());

const token = tokenOf("ann");
const octets = bytes({ types: ["application/octet-stream"] });
const returns = object({ length: unbounded.integer() });
const file = { "content-type": "application/octet-stream" };

describe("a body", () => {
  test("H3: moleculer-web calls the action of an entry of kind stream with the body's stream", async () => {
    const seen: unknown[] = [];
    gateway = await startStreamGateway({
      put: {
        body: octets,
        returns,
        params: { name: string({ min: 1, max: 10 }) },
        async run(ctx) {
          seen.push(ctx.caller, ctx.params, (ctx.meta.user as { id: string }).id, ctx.requestID);
          return { length: (await readBody(ctx)).length };
        },
      },
    });
    const answer = await gateway.request("POST", "/api/put?name=a", { token, body: Buffer.alloc(1000), headers: file });
    expect(answer.status).toBe(200);
    expect(answer.json).toEqual({ length: 1000 });
    expect(answer.headers.get("content-type")).toBe("application/json; charset=utf-8");
    expect(seen).toEqual(["gateway", { name: "a" }, "ann", answer.headers.get("x-request-id")]);
  });

  test("runs the action when the whole body is here", async () => {
    let runs = 0;
    gateway = await startStreamGateway({
      put: {
        body: octets,
        returns,
        async run(ctx) {
          runs += 1;
          return { length: (await readBody(ctx)).length };
        },
      },
    });
    const connection = openConnection(gateway.port);
    connection.socket.write(headOf("POST", "/api/put", { ...file, "content-length": 6 }));
    connection.socket.write("abc");
    // another request is served meanwhile, so that the first bytes have been read
    await gateway.request("POST", "/api/put", { token, body: "x", headers: file });
    expect(runs).toBe(1);
    connection.socket.write("def");
    expect(await connection.until((text) => text.includes("{"))).toContain('{"length":6}');
    connection.socket.destroy();
  });

  test("a body that is cut off runs no action", async () => {
    let runs = 0;
    gateway = await startStreamGateway({
      put: { body: octets, returns, run: () => ({ length: ++runs }) },
    });
    const connection = openConnection(gateway.port);
    connection.socket.write(`${headOf("POST", "/api/put", { ...file, "content-length": 6 })}abc`);
    await gateway.request("POST", "/api/put", { token, body: "x", headers: file });
    connection.socket.destroy();
    await connection.closed;
    await gateway.request("POST", "/api/put", { token, body: "x", headers: file });
    expect(runs).toBe(2);
    expect(gateway.gateway.caps.find(({ cap }) => cap === "body_bytes")?.used).toBe(0);
  });

  test("that is streamed is read while it comes", async () => {
    const read = new PassThrough();
    gateway = await startStreamGateway({
      put: {
        body: bytes({ types: ["application/octet-stream"], streamed: true }),
        returns,
        async run(ctx) {
          let length = 0;
          for await (const chunk of ctx.stream as unknown as AsyncIterable<Buffer>) {
            length += chunk.length;
            read.write(chunk);
          }
          return { length };
        },
      },
    });
    const connection = openConnection(gateway.port);
    connection.socket.write(`${headOf("POST", "/api/put", { ...file, "transfer-encoding": "chunked" })}3\r\nabc\r\n`);
    const [first] = await once(read, "data");
    expect(String(first)).toBe("abc");
    connection.socket.write("2\r\nde\r\n0\r\n\r\n");
    expect(await connection.until((text) => text.includes("{"))).toContain('{"length":5}');
    connection.socket.destroy();
  });

  test.each([true, undefined])("larger than the entry's limit is refused with 413 (streamed: %s)", async (streamed) => {
    let ends = 0;
    gateway = await startStreamGateway({
      put: {
        body: { ...octets, ...(streamed && { streamed }) },
        bodyLimit: 10,
        returns,
        async run(ctx) {
          const body = await readBody(ctx);
          ends += 1;
          return { length: body.length };
        },
      },
    });
    const known = await gateway.request("POST", "/api/put", { token, body: "x".repeat(11), headers: file });
    expect(known.json.error?.code).toBe("PAYLOAD_TOO_LARGE");
    const head = headOf("POST", "/api/put", { ...file, "transfer-encoding": "chunked" });
    const text = await gateway.sendBytes(`${head}8\r\nabcdefgh\r\n3\r\nijk\r\n0\r\n\r\n`, (got) => got.includes("}}"));
    expect(text).toMatch(/^HTTP\/1.1 413 /);
    expect(ends).toBe(0);
    expect((await gateway.request("POST", "/api/put", { token, body: "x".repeat(10), headers: file })).status).toBe(
      200,
    );
  });

  test("the result of an action whose stream has failed does not count", async () => {
    gateway = await startStreamGateway({
      put: {
        body: bytes({ types: ["application/octet-stream"], streamed: true }),
        bodyLimit: 3,
        returns,
        run: (ctx) =>
          readBody(ctx).then(
            ({ length }) => ({ length }),
            () => ({ length: 0 }),
          ),
      },
    });
    const head = headOf("POST", "/api/put", { ...file, "transfer-encoding": "chunked" });
    expect(await gateway.sendBytes(`${head}4\r\nabcd\r\n0\r\n\r\n`, (got) => got.includes("}}"))).toMatch(
      /^HTTP\/1.1 413 /,
    );
  });

  test.each([
    ["no token", { authorization: "" }, "", 401],
    ["no role", {}, "", 403],
    ["a parameter that is not declared", { authorization: `Bearer ${tokenOf("eve", "admin")}` }, "?x=1", 422],
    ["__proto__", { authorization: `Bearer ${tokenOf("eve", "admin")}` }, "?__proto__=1", 422],
    [
      "another media type",
      { authorization: `Bearer ${tokenOf("eve", "admin")}`, "content-type": "text/html" },
      "",
      415,
    ],
  ])("is not waited for when there is %s", async (_what, headers, query, status) => {
    gateway = await startStreamGateway({ put: { body: octets, access: "admin", returns, run: () => ({ length: 0 }) } });
    const head = headOf("POST", `/api/put${query}`, { ...file, "content-length": 1000, ...headers });
    expect(await gateway.sendBytes(head, (text) => text.includes("}}"))).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
  });

  test("is asked for when it may come, where the client waits for that", async () => {
    gateway = await startStreamGateway({
      put: { body: octets, returns, run: async (ctx) => ({ length: (await readBody(ctx)).length }) },
    });
    const expecting = { ...file, "content-length": 3, expect: "100-continue" };
    const refused = openConnection(gateway.port);
    refused.socket.write(headOf("POST", "/api/put", { ...expecting, authorization: "" }));
    expect(await refused.until((text) => text.includes("}}"))).toMatch(/^HTTP\/1.1 401 /);
    const taken = openConnection(gateway.port);
    taken.socket.write(headOf("POST", "/api/put", expecting));
    await taken.until((text) => text.startsWith("HTTP/1.1 100 Continue\r\n\r\n"));
    taken.socket.write("abc");
    expect(await taken.until((text) => text.includes("}"))).toContain('{"length":3}');
    for (const { socket } of [refused, taken]) socket.destroy();
  });

  test.each([true, undefined])("that a request leaves out is empty (streamed: %s)", async (streamed) => {
    gateway = await startStreamGateway({
      put: {
        body: { ...octets, ...(streamed && { streamed }) },
        returns,
        run: async (ctx) => ({ length: (await readBody(ctx)).length }),
      },
    });
    const text = await gateway.sendBytes(headOf("POST", "/api/put", file), (got) => got.includes("}"));
    expect([text.slice(0, 13), text.slice(-12)]).toEqual(["HTTP/1.1 200 ", '{"length":0}']);
  });

  test("where none is declared is refused", async () => {
    gateway = await startStreamGateway({ put: { method: "POST", returns, run: () => ({ length: 0 }) } });
    expect((await gateway.request("POST", "/api/put", { token, body: "x", headers: file })).status).toBe(413);
    expect((await gateway.request("POST", "/api/put", { token })).status).toBe(200);
  });
});

describe("a response of bytes", () => {
  test("is never run, guessed at or kept", async () => {
    gateway = await startStreamGateway({
      get: { returns: bytes({ types: ["image/png", "image/webp"] }), run: () => Buffer.from([1, 2, 3]) },
    });
    const { headers, text, status } = await gateway.request("GET", "/api/get", { token });
    expect([status, text.length, headers.get("content-length")]).toEqual([200, 3, "3"]);
    expect(Object.fromEntries(headers)).toMatchObject({
      "content-type": "image/png",
      "x-content-type-options": "nosniff",
      "content-security-policy": "default-src 'none'; frame-ancestors 'none'; sandbox",
      "content-disposition": "attachment",
      "cache-control": "no-store",
      "x-request-id": expect.any(String),
    });
  });

  test("that never changes is kept by the browser alone, and not sent again", async () => {
    gateway = await startStreamGateway({
      get: {
        returns: bytes({ types: ["image/png"], immutable: true }),
        run(ctx) {
          ctx.meta.$responseHeaders = { ETag: '"a"', "Content-Disposition": 'inline; filename="a.png"' };
          return Buffer.from("abc");
        },
      },
    });
    const first = await gateway.request("GET", "/api/get", { token });
    expect(first.headers.get("cache-control")).toBe("private, max-age=31536000, immutable");
    expect(first.headers.get("content-disposition")).toBe('inline; filename="a.png"');
    const again = await gateway.request("GET", "/api/get", { token, headers: { "if-none-match": '"a"' } });
    expect([again.status, again.text]).toEqual([304, ""]);
  });

  test.each([
    ["a header", { $responseHeaders: { "Set-Cookie": "a=1" } }],
    ["a line break in a header", { $responseHeaders: { ETag: '"a"\r\nSet-Cookie: a=1' } }],
    ["a status", { $statusCode: 302 as never }],
    ["a media type", { $responseType: "text/html" }],
  ])("with %s that its entry does not allow is a failure", async (_what, meta) => {
    gateway = await startStreamGateway({
      get: {
        returns: octets,
        run(ctx) {
          Object.assign(ctx.meta, meta);
          return Buffer.from("abc");
        },
      },
    });
    const answer = await gateway.request("GET", "/api/get", { token });
    expect([answer.status, answer.json.error?.code]).toEqual([500, "INTERNAL"]);
    expect(answer.headers.get("set-cookie")).toBeNull();
  });

  test("of the wrong kind is a failure", async () => {
    gateway = await startStreamGateway({
      bytes: { returns: octets, run: () => ({ length: 1 }) },
      json: { returns, run: () => Readable.from(["a"]) },
    });
    expect((await gateway.request("GET", "/api/bytes", { token })).status).toBe(500);
    expect((await gateway.request("GET", "/api/json", { token })).status).toBe(500);
  });

  test("is sent while it is made", async () => {
    const source = new PassThrough();
    gateway = await startStreamGateway({ get: { returns: octets, run: () => source } });
    source.write("first");
    const response = await fetch(`${gateway.url}/api/get`, { headers: { authorization: `Bearer ${token}` } });
    const reader = response.body?.getReader();
    expect(Buffer.from((await reader?.read())?.value ?? []).toString()).toBe("first");
    source.end("last");
    expect(Buffer.from((await reader?.read())?.value ?? []).toString()).toBe("last");
    expect((await reader?.read())?.done).toBe(true);
  });

  test("may be anything that is read piece by piece", async () => {
    gateway = await startStreamGateway({
      get: {
        returns: octets,
        async run() {
          return (async function* () {
            yield "first ";
            yield Buffer.from("last");
          })();
        },
      },
    });
    expect((await gateway.request("GET", "/api/get", { token })).text).toBe("first last");
  });

  test("that fails after its head ends the connection, and says nothing of the error", async () => {
    const source = new PassThrough();
    gateway = await startStreamGateway({ get: { returns: octets, run: () => source } });
    const connection = openConnection(gateway.port);
    connection.socket.write(headOf("GET", "/api/get"));
    source.write("first");
    await connection.until((text) => text.includes("first"));
    source.destroy(new Error("db password is hunter2"));
    const text = await connection.closed;
    expect(text).not.toContain("hunter2");
    expect(text.endsWith("0\r\n\r\n")).toBe(false);
    expect(gateway.log).toContainEqual(expect.objectContaining({ msg: "a streamed response failed" }));
  });

  test("is closed at its source when the client goes away, without an error in the log", async () => {
    const source = new PassThrough();
    gateway = await startStreamGateway({ get: { returns: octets, run: () => source } });
    const connection = openConnection(gateway.port);
    connection.socket.write(headOf("GET", "/api/get"));
    source.write("first");
    await connection.until((text) => text.includes("first"));
    const closed = once(source, "close");
    connection.socket.destroy();
    await closed;
    expect(gateway.log.filter(({ level }) => Number(level) >= 40)).toEqual([]);
  });

  test("of an action that returns after its client has gone is closed, and holds no slot", async () => {
    const source = new PassThrough();
    let give: ((data: PassThrough) => void) | undefined;
    gateway = await startStreamGateway({
      get: {
        returns: octets,
        run: () =>
          new Promise((resolve) => {
            give = resolve;
          }),
      },
    });
    const connection = openConnection(gateway.port);
    connection.socket.write(headOf("GET", "/api/get"));
    while (!give) await new Promise((resolve) => setImmediate(resolve));
    connection.socket.destroy();
    await connection.closed;
    for (let turn = 0; turn < 50; turn++) await new Promise((resolve) => setImmediate(resolve));
    const closed = once(source, "close");
    give(source);
    await closed;
    expect(gateway.gateway.caps.find(({ cap }) => cap === "streams")?.used).toBe(0);
  });

  test("counts as unsent while the client does not read it, also where it is whole", async () => {
    gateway = await startStreamGateway({ get: { returns: octets, run: () => Buffer.alloc(900 * 1024) } });
    const unsent = () => gateway?.gateway.caps.find(({ cap }) => cap === "unsent_bytes");
    const connection = openConnection(gateway.port);
    connection.socket.pause();
    const closed = once(connection.socket, "close");
    // what the kernel takes, and more than one connection may leave unread
    connection.socket.write(headOf("GET", "/api/get").repeat(12));
    while (unsent()?.refused === 0) await new Promise((resolve) => setImmediate(resolve));
    connection.socket.resume();
    await closed;
    while (unsent()?.used !== 0) await new Promise((resolve) => setImmediate(resolve));
  });

  test("ends when the client does not read", async () => {
    let made = 0;
    const source = new Readable({
      read() {
        made += 1;
        this.push(Buffer.alloc(64 * 1024));
      },
    });
    gateway = await startStreamGateway({ get: { returns: octets, run: () => source } }, { times: { readingMs: 80 } });
    const connection = openConnection(gateway.port);
    connection.socket.pause();
    const closed = once(source, "close");
    connection.socket.write(headOf("GET", "/api/get"));
    await closed;
    // what the kernel takes and the buffers in between, and not more
    expect(made).toBeLessThan(400);
    connection.socket.destroy();
  });

  test("of one user is sent a few times at once", async () => {
    const sources: PassThrough[] = [];
    gateway = await startStreamGateway({
      get: {
        returns: octets,
        run() {
          const source = new PassThrough();
          sources.push(source);
          source.write("first");
          return source;
        },
      },
    });
    const connections = Array.from({ length: 10 }, () => openConnection(gateway.port));
    for (const { socket, until } of connections) {
      socket.write(headOf("GET", "/api/get"));
      await until((text) => text.includes("first"));
    }
    const refused = await gateway.request("GET", "/api/get", { token });
    expect([refused.status, refused.headers.get("retry-after")]).toEqual([429, "5"]);
    expect(sources.at(-1)?.destroyed).toBe(true);
    const cap = () => gateway.gateway.caps.find(({ cap }) => cap === "streams");
    expect(cap()).toMatchObject({ used: 10, refused: 1 });
    const closed = sources.slice(0, 10).map((source) => once(source, "close"));
    for (const { socket } of connections) socket.destroy();
    await Promise.all(closed);
    while (cap()?.used !== 0) await new Promise((resolve) => setImmediate(resolve));
  });

  test("of an action that no node offers is a refusal", async () => {
    gateway = await startStreamGateway({ get: { returns: octets, run: () => Buffer.from("x") } }, {}, []);
    const { status, headers, json } = await gateway.request("GET", "/api/get", { token });
    expect([status, headers.get("retry-after"), json.error?.code]).toEqual([503, "1", "UNAVAILABLE"]);
  });

  test("errors before the head are refusals as everywhere", async () => {
    gateway = await startStreamGateway({
      get: {
        returns: octets,
        run() {
          throw new Error("db password is hunter2");
        },
      },
    });
    const answer = await gateway.request("GET", "/api/get", { token });
    expect(answer.json).toEqual({ error: { code: "INTERNAL", message: "Something went wrong." } });
    expect(answer.headers.get("content-security-policy")).not.toContain("sandbox");
  });
});
