/** S2: what another user of this machine, or a web page that a developer has open, can do to the API. */
import { type ClientRequest, request } from "node:http";
import { connect } from "node:net";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { describe, expect, test } from "@jest/globals";
import type { LocalApi } from "../../../../../infra/local/api/index.ts";
import { callApi, withApi } from "../../../../infra/local/api/client.ts";

setFlagsFromString("--expose-gc");
const collectGarbage = runInNewContext("gc") as () => void;

/** Bytes of heap in use, garbage collected. */
function heapUsed(): number {
  collectGarbage();
  return process.memoryUsage().heapUsed;
}

const MIB = 1024 * 1024;
/** 7.8 MB of 2.6 million empty objects: parsed they take 150 MB. */
const manyValues = Buffer.from(`[${"{},".repeat(2_600_000)}{}]`).toString();

interface Response {
  status: number;
  code: number | undefined;
  headers: Record<string, unknown>;
}

/** A request with exactly these headers; the response, or the error where the connection broke. */
function send(
  api: LocalApi,
  options: { method?: string; path?: string; headers?: Record<string, string | string[]> },
  write: (call: ClientRequest) => void = (call) => call.end(),
): Promise<Response | Error> {
  const { port, pathname } = new URL(api.url);
  return new Promise((resolve) => {
    const call = request(
      {
        host: "127.0.0.1",
        port,
        agent: false,
        timeout: 5_000,
        method: options.method ?? "GET",
        path: `${pathname}${options.path ?? "/user/tokens/verify"}`,
        headers: options.headers ?? {},
      },
      (response) => {
        let text = "";
        response.setEncoding("utf8");
        response.on("data", (part: string) => {
          text += part;
        });
        response.on("end", () => {
          const { errors } = JSON.parse(text) as { errors: { code: number }[] };
          resolve({ status: response.statusCode ?? 0, code: errors[0]?.code, headers: response.headers });
        });
      },
    );
    call.on("error", resolve);
    call.on("timeout", () => call.destroy(new Error("no response within 5 s")));
    write(call);
  });
}

test("S2: a body without a valid token is neither read nor kept", async () => {
  await withApi({}, async (api, call) => {
    const path = `/accounts/${api.accountId}/cfd_tunnel`;
    const before = heapUsed();
    const started = performance.now();
    for (const authorization of [undefined, `Bearer ${"x".repeat(40)}`]) {
      for (let count = 0; count < 6; count += 1) {
        const headers = { "content-type": "text/plain", ...(authorization === undefined ? {} : { authorization }) };
        const response = await send(api, { method: "POST", path, headers }, (post) => post.end(manyValues));
        // the connection is closed on the unread body, which may overtake the response
        if (!(response instanceof Error)) expect(response.status).toBe(authorization === undefined ? 400 : 403);
      }
    }
    // reading and parsing one of them took seconds
    expect(performance.now() - started).toBeLessThan(10_000);
    expect(heapUsed() - before).toBeLessThan(4 * MIB);
    expect(api.journal).toEqual([]);
    expect((await call("GET", "/user/tokens/verify")).status).toBe(200);
  });
});

test("S2: the response to a wrong token does not wait for the body", async () => {
  await withApi({}, async (api) => {
    const headers = { authorization: `Bearer ${"x".repeat(40)}`, "content-length": "1000000" };
    const response = await send(api, { method: "POST", path: "/zones", headers }, (post) => post.flushHeaders());
    expect(response).toMatchObject({ status: 403, code: 9109 });
  });
});

test("S2: with a token, 2.6 million values are refused before they are parsed, and memory stays flat", async () => {
  await withApi({}, async (api, call) => {
    const path = `/accounts/${api.accountId}/cfd_tunnel`;
    const before = heapUsed();
    for (let count = 0; count < 3; count += 1) {
      const reply = await call("POST", path, manyValues);
      expect(reply.body.errors).toEqual([
        { code: 6007, message: "Malformed JSON in request body: it has more than 100000 values" },
      ]);
    }
    expect(heapUsed() - before).toBeLessThan(4 * MIB);
  });
});

test("S2: the journal is bounded in bytes: it forgets the oldest calls", async () => {
  await withApi({}, async (api, call) => {
    const path = `/accounts/${api.accountId}/cfd_tunnel`;
    const before = heapUsed();
    for (let count = 0; count < 30; count += 1) await call("POST", path, { nam: `${count}`, x: "x".repeat(MIB) });
    expect(heapUsed() - before).toBeLessThan(20 * MIB);
    expect(api.journal).toHaveLength(7);
    expect(api.journal.at(-1)?.body).toMatchObject({ nam: "29" });
  });
});

describe("S2: only a client that knows where it is may call", () => {
  const foreign = [
    "evil.example",
    "evil.example:80",
    "127.0.0.1",
    "127.0.0.1:1",
    "localhost.evil.example",
    "api.cloudflare.com",
  ];
  test.each(foreign)("a page whose name leads here (Host: %s) is refused", async (host) => {
    await withApi({}, async (api) => {
      const headers = { host, authorization: `Bearer ${api.token}` };
      expect(await send(api, { headers })).toMatchObject({ status: 421, code: 10421 });
    });
  });

  test("two Host headers are refused", async () => {
    await withApi({}, async (api) => {
      const port = Number(new URL(api.url).port);
      const text = await new Promise<string>((resolve) => {
        let received = "";
        const socket = connect(port, "127.0.0.1", () => {
          socket.end(
            `GET /client/v4/zones HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nHost: evil.example\r\nAuthorization: Bearer ${api.token}\r\nConnection: close\r\n\r\n`,
          );
        });
        socket.on("data", (part) => {
          received += part.toString("latin1");
        });
        socket.on("close", () => resolve(received));
        socket.on("error", () => resolve(received));
      });
      expect(text).toMatch(/^HTTP\/1\.1 400 /);
    });
  });

  test.each([
    { origin: "https://evil.example" },
    { origin: "null" },
    { "sec-fetch-site": "cross-site" },
    { "sec-fetch-site": "same-origin" },
  ])("a page (%j) is refused, also with the token", async (more) => {
    await withApi({}, async (api) => {
      const headers = { authorization: `Bearer ${api.token}`, ...more };
      const refused = await send(api, { headers });
      expect(refused).toMatchObject({ status: 403, code: 10403 });
      expect((refused as Response).headers).not.toHaveProperty("access-control-allow-origin");
      expect(await send(api, { method: "OPTIONS", headers })).toMatchObject({ status: 403 });
    });
  });

  test("127.0.0.1 and localhost are its names", async () => {
    await withApi({}, async (api) => {
      const { port } = new URL(api.url);
      for (const name of ["127.0.0.1", "localhost"]) {
        const headers = { host: `${name}:${port}`, authorization: `Bearer ${api.token}` };
        expect(await send(api, { headers })).toMatchObject({ status: 200 });
      }
    });
  });

  test.each(["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=a", undefined])(
    "a body of the type %s is refused unread",
    async (type) => {
      await withApi({}, async (api) => {
        const path = `/accounts/${api.accountId}/cfd_tunnel`;
        const headers = {
          authorization: `Bearer ${api.token}`,
          ...(type === undefined ? {} : { "content-type": type }),
        };
        const refused = await send(api, { method: "POST", path, headers }, (post) => post.end('{"name":"t"}'));
        expect(refused).toMatchObject({ status: 415, code: 10415 });
        expect((await callApi(api, "GET", path, undefined, api.token)).body.result).toEqual([]);
      });
    },
  );
});

test("a body that is announced is asked for only after the token was accepted", async () => {
  await withApi({}, async (api) => {
    const path = `/accounts/${api.accountId}/cfd_tunnel`;
    const body = JSON.stringify({ name: "t" });
    const expecting = (token: string) =>
      send(
        api,
        {
          method: "POST",
          path,
          headers: {
            authorization: `Bearer ${token}`,
            "content-type": "application/json",
            "content-length": String(body.length),
            expect: "100-continue",
          },
        },
        (post) => {
          post.on("continue", () => post.end(body));
          post.flushHeaders();
        },
      );
    expect(await expecting("x".repeat(40))).toMatchObject({ status: 403 });
    expect(await expecting(api.token)).toMatchObject({ status: 200 });
  });
});
