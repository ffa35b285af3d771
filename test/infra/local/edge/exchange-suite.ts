import { createHash } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "@jest/globals";
import type { StartWith } from "../tunnel/tunnel-suite.ts";
import { HOST, TestSite } from "./test-site.ts";

/** What requests and responses look like on both sides of the edge, with any connector. */
export function exchangeSuite(title: string, connector: StartWith): void {
  describe(title, () => {
    let testSite: TestSite;
    let handler: (request: IncomingMessage, response: ServerResponse) => void;

    beforeAll(async () => {
      testSite = await TestSite.build((request, response) => handler(request, response), { connector });
    });
    afterAll(() => testSite.close());
    beforeEach(() => {
      testSite.records.length = 0;
      handler = (request, response) => response.end(JSON.stringify(request.rawHeaders));
    });

    describe("requests", () => {
      test("reach the origin with method, target, host and body as sent", async () => {
        handler = (request, response) => {
          let body = "";
          request
            .on("data", (chunk) => (body += chunk))
            .on("end", () => response.end([request.method, request.url, request.headers.host, body].join(" ")));
        };
        const reply = await testSite.get("/a%20b?c=%2f&d", {
          method: "PUT",
          body: "hello",
          headers: { "content-type": "text/plain" },
        });
        expect(reply).toMatchObject({ status: 200, body: `PUT /a%20b?c=%2f&d ${HOST} hello` });
      });

      test("carry the visitor's data as the edge sets it", async () => {
        const lines = pairs(JSON.parse((await testSite.get()).body));
        expect(lines.get("cf-connecting-ip")).toEqual(["127.0.0.1"]);
        expect(lines.get("x-forwarded-for")).toEqual(["127.0.0.1"]);
        expect(lines.get("x-forwarded-proto")).toEqual(["https"]);
        expect(lines.get("cf-visitor")).toEqual(['{"scheme":"https"}']);
        expect(lines.get("cdn-loop")).toEqual(["cloudflare; loops=1"]);
        expect(lines.get("cf-ray")?.[0]).toMatch(/^[0-9a-f]{16}-LCL$/);
        expect(lines.has("cf-ipcountry")).toBe(false);
      });

      test("forged headers of the edge do not reach the origin, in any spelling", async () => {
        const forged = [
          "CF-Connecting-IP",
          "cf-connecting-ip",
          "Cf-Connecting-IPv6",
          "CF-IPCountry",
          "cf-ray",
          "CF-Visitor",
          "X-Real-IP",
          "TRUE-client-ip",
          "X-Forwarded-Proto",
          "cf_connecting_ip",
          "X_Forwarded_For",
          "Cf-Access-Jwt-Assertion",
          "cf-cloudflared-proxy-src",
        ];
        const reply = await testSite.raw(
          `GET / HTTP/1.1\r\nHost: ${HOST}\r\n${forged.map((name) => `${name}: 6.6.6.6\r\n`).join("")}Connection: close\r\n\r\n`,
        );
        expect(reply).toContain("200 OK");
        expect(reply).not.toContain("6.6.6.6");
        expect(reply).toContain("127.0.0.1");
      });

      test("the client's own X-Forwarded-For is kept in front of its address, as Cloudflare does", async () => {
        const lines = pairs(
          JSON.parse((await testSite.get("/", { headers: { "X-Forwarded-For": ["1.1.1.1", "2.2.2.2"] } })).body),
        );
        expect(lines.get("x-forwarded-for")).toEqual(["1.1.1.1,2.2.2.2,127.0.0.1"]);
      });

      test("headers of one hop end at the edge, and `Connection` cannot make it drop its own", async () => {
        const reply = await testSite.raw(
          `GET / HTTP/1.1\r\nHost: ${HOST}\r\nConnection: close, X-Hop, CF-Connecting-IP, X-Forwarded-For\r\nX-Hop: gone\r\nTE: trailers\r\nKeep-Alive: 1\r\nX-Kept: kept\r\n\r\n`,
        );
        expect(reply).not.toContain("gone");
        expect(reply.toLowerCase()).not.toContain('"te"');
        expect(reply).toContain("kept");
        expect(reply.toLowerCase()).toContain('"cf-connecting-ip","127.0.0.1"');
      });

      test("repeated lines and raw bytes arrive as they were", async () => {
        handler = (request, response) => response.end(Buffer.from(JSON.stringify(request.rawHeaders), "latin1"));
        const reply = await testSite.raw(
          Buffer.from(
            `GET / HTTP/1.1\r\nHost: ${HOST}\r\nX-A: 1\r\nx-a: \xe9\xff\r\nConnection: close\r\n\r\n`,
            "latin1",
          ),
        );
        expect(reply.toLowerCase()).toContain('"x-a","1","x-a","\xe9\xff"');
      });

      test("100-continue is answered by the edge once the rules have passed the request", async () => {
        handler = (request, response) => {
          request.resume().on("end", () => response.end("got it"));
        };
        const reply = await testSite.raw(
          `POST / HTTP/1.1\r\nHost: ${HOST}\r\nExpect: 100-continue\r\nContent-Length: 2\r\nConnection: close\r\n\r\nhi`,
        );
        expect(reply).toMatch(/^HTTP\/1\.1 100 Continue\r\n\r\nHTTP\/1\.1 200 OK/);
        const other = await testSite.raw(
          `POST / HTTP/1.1\r\nHost: ${HOST}\r\nExpect: tea\r\nContent-Length: 2\r\nConnection: close\r\n\r\nhi`,
        );
        expect(other).toMatch(/^HTTP\/1\.1 417 /);
      });
    });

    describe("responses", () => {
      test("carry ray, server and cache status; repeated Set-Cookie stay apart; X-Accel is removed", async () => {
        handler = (_request, response) => {
          response.writeHead(201, [
            "Set-Cookie",
            "a=1",
            "Set-Cookie",
            "b=2",
            "X-Accel-Redirect",
            "/secret",
            "Server",
            "origin",
            "X-Mixed-Case",
            "Yes",
          ]);
          response.end("made");
        };
        const reply = await testSite.get();
        expect(reply.status).toBe(201);
        expect(reply.headers["set-cookie"]).toEqual(["a=1", "b=2"]);
        expect(reply.raw).toContain("X-Mixed-Case");
        expect(reply.headers).toMatchObject({ server: "cloudflare", "cf-cache-status": "DYNAMIC" });
        expect(reply.headers["x-accel-redirect"]).toBeUndefined();
        expect(reply.headers["cf-ray"]).toBe(testSite.records[0]?.ray);
      });

      test.each([204, 304, 404, 500])("a %d is passed on", async (status) => {
        handler = (_request, response) => response.writeHead(status).end();
        expect((await testSite.get()).status).toBe(status);
      });

      test("HEAD keeps the length and has no body; the connection goes on", async () => {
        handler = (_request, response) => response.writeHead(200, { "content-length": "5" }).end("12345");
        const twice = `HEAD / HTTP/1.1\r\nHost: ${HOST}\r\n\r\nGET / HTTP/1.1\r\nHost: ${HOST}\r\nConnection: close\r\n\r\n`;
        const reply = await testSite.raw(twice);
        expect(reply.match(/HTTP\/1\.1 200 OK/g)).toHaveLength(2);
        expect(reply.match(/12345/g)).toHaveLength(1);
      });

      test("are streamed before they are complete", async () => {
        const more = Promise.withResolvers<void>();
        handler = (_request, response) => {
          response.writeHead(200, { "content-type": "text/event-stream" });
          response.write("data: 1\n\n");
          void more.promise.then(() => response.end("data: 2\n\n"));
        };
        const received = await testSite.raw(`GET / HTTP/1.1\r\nHost: ${HOST}\r\nConnection: close\r\n\r\n`, (text) => {
          if (text.includes("data: 1")) more.resolve();
          return text.includes("data: 2");
        });
        expect(received).toContain("data: 2");
      });

      test("8 MiB up and down arrive whole", async () => {
        const body = "0123456789abcdef".repeat(512 * 1024);
        handler = (request, response) => {
          const hash = createHash("sha256");
          request
            .on("data", (chunk) => hash.update(chunk))
            .on("end", () => {
              response.setHeader("x-sha", hash.digest("hex"));
              response.end(body);
            });
        };
        const reply = await testSite.get("/", { method: "POST", body });
        expect(reply.headers["x-sha"]).toBe(createHash("sha256").update(body).digest("hex"));
        expect(reply.body.length).toBe(body.length);
      });

      test("an early response reaches a client that is still sending", async () => {
        handler = (_request, response) => response.writeHead(401).end("no");
        const reply = await testSite.get("/", { method: "POST", body: "x".repeat(1_000_000) });
        expect(reply).toMatchObject({ status: 401, body: "no" });
      });

      test("after an early response the next visitor's request is not read as a part of the body", async () => {
        handler = (request, response) => {
          if (request.url === "/early") response.writeHead(401).end("no");
          else request.on("data", () => {}).on("end", () => response.end(`${request.method} ${request.url}`));
        };
        for (const next of ["/one", "/two"]) {
          await testSite.get("/early", { method: "POST", body: "x".repeat(1_000_000) });
          const reply = await testSite.get(next, { method: "POST", body: "mine" });
          expect(reply).toMatchObject({ status: 200, body: `POST ${next}` });
        }
      });

      test("a body that is cut off never looks complete to the origin", async () => {
        const seen = Promise.withResolvers<void>();
        const over = Promise.withResolvers<boolean>();
        handler = (request) => {
          request.on("data", () => seen.resolve()).on("error", () => {});
          request.once("close", () => over.resolve(request.complete));
        };
        const head = `POST / HTTP/1.1\r\nHost: ${HOST}\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n`;
        const client = testSite.dial();
        client.write(head);
        await seen.promise;
        client.destroy();
        expect(await over.promise).toBe(false);
      });
    });

    describe("a side that disconnects early", () => {
      test("when the client disconnects, so does the request to the origin", async () => {
        const gone = Promise.withResolvers<void>();
        handler = (_request, response) => {
          response.writeHead(200);
          response.write("first");
          response.once("close", gone.resolve);
        };
        await testSite.raw(`GET / HTTP/1.1\r\nHost: ${HOST}\r\n\r\n`, (text) => text.includes("first"));
        await gone.promise;
        expect((await testSite.over(1))[0]?.status).toBe(200);
      });

      test("when the origin disconnects, the client's response ends as incomplete", async () => {
        const half = Promise.withResolvers<void>();
        handler = (_request, response) => {
          response.writeHead(200, { "content-type": "text/event-stream" }); // cloudflared holds others back
          response.write("half");
          void half.promise.then(() => response.destroy());
        };
        const head = `GET / HTTP/1.1\r\nHost: ${HOST}\r\n\r\n`;
        const reply = await testSite.raw(head, (text) => {
          if (text.includes("half")) half.resolve();
          return false;
        });
        expect(reply).toContain("Transfer-Encoding: chunked");
        expect(reply).toMatch(/half\r\n$/); // and no last chunk
        const [record] = await testSite.over(1);
        expect(record?.failure?.message).toContain("cut");
      });
    });
  });
}

function pairs(raw: readonly string[]): Map<string, string[]> {
  const map = new Map<string, string[]>();
  for (let at = 0; at < raw.length; at += 2) {
    const name = String(raw[at]).toLowerCase();
    map.set(name, [...(map.get(name) ?? []), String(raw[at + 1])]);
  }
  return map;
}
