import { connect } from "node:net";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import { HOST, TestSite } from "./test-site.ts";

let testSite: TestSite;
let reached: string[] = [];
/** Those whose body arrived completely. */
let whole: string[] = [];

beforeAll(async () => {
  testSite = await TestSite.build((request, response) => {
    reached.push(`${request.method} ${request.url}`);
    request.resume().on("end", () => {
      whole.push(`${request.method} ${request.url}`);
      response.end("origin");
    });
  });
});
afterAll(() => testSite.close());
beforeEach(() => {
  reached = [];
  whole = [];
  testSite.records.length = 0;
});
afterEach(async () => {
  expect((await testSite.get("/alive")).body).toBe("origin");
});

const statusOf = (reply: string) => Number(/^HTTP\/1\.1 (\d{3}) /.exec(reply)?.[1]);
const send = (head: string, body = "") => testSite.raw(`${head.replaceAll("\n", "\r\n")}\r\n\r\n${body}`);

describe("request smuggling", () => {
  test.each([
    ["Content-Length beside Transfer-Encoding", "Content-Length: 4\nTransfer-Encoding: chunked"],
    ["Transfer-Encoding beside Content-Length", "Transfer-Encoding: chunked\nContent-Length: 4"],
    ["two lengths", "Content-Length: 4\nContent-Length: 5"],
    ["two equal lengths", "Content-Length: 4\nContent-Length: 4"],
    ["a list of lengths", "Content-Length: 4, 4"],
    ["a signed length", "Content-Length: +4"],
    ["a negative length", "Content-Length: -4"],
    ["a hexadecimal length", "Content-Length: 0x4"],
    ["an endless length", `Content-Length: ${"9".repeat(30)}`],
    ["two encodings", "Transfer-Encoding: chunked\nTransfer-Encoding: chunked"],
    ["gzip and chunks", "Transfer-Encoding: gzip, chunked"],
    ["chunks that are not last", "Transfer-Encoding: chunked, identity"],
    ["an unknown encoding", "Transfer-Encoding: xchunked"],
    ["a space before the colon", "Transfer-Encoding : chunked"],
    ["a folded line", "X-A: b\n Transfer-Encoding: chunked\nContent-Length: 4"],
    ["a bare CR in a value", "X-A: b\rTransfer-Encoding: chunked"],
    ["a NUL in a value", "X-A: b\0c"],
    ["a vertical tab in a name", "X\x0bA: b"],
  ])("%s is refused", async (_what, lines) => {
    const reply = await send(`POST / HTTP/1.1\nHost: ${HOST}\n${lines}`, "0\r\n\r\nGET /smuggled HTTP/1.1\r\n\r\n");
    expect(statusOf(reply)).toBe(400);
    expect(reached).toEqual([]);
  });

  test("chunks in HTTP/1.0 are refused", async () => {
    expect(statusOf(await send(`POST / HTTP/1.0\nHost: ${HOST}\nTransfer-Encoding: chunked`, "0\r\n\r\n"))).toBe(400);
    expect(reached).toEqual([]);
  });

  test("a body that rules refused is not read as the next request", async () => {
    const inner = `GET /smuggled HTTP/1.1\r\nHost: ${HOST}\r\n\r\n`;
    const reply = await send(`POST / HTTP/1.1\nHost: nowhere.example\nContent-Length: ${inner.length}`, inner);
    expect(reply.match(/HTTP\/1\.1/g)).toHaveLength(1);
    expect(reached).toEqual([]);
  });

  test("broken chunks end the connection, and the origin never sees a whole request", async () => {
    await send(`POST /broken HTTP/1.1\nHost: ${HOST}\nTransfer-Encoding: chunked`, "5\r\nhello\r\nZZ\r\n");
    const [record] = await testSite.over(1);
    expect(record).toMatchObject({ method: "POST", path: "/broken" });
    await testSite.get("/after");
    expect(whole).toEqual(["GET /after"]);
  });

  test("requests in one packet get their responses in order", async () => {
    const one = (path: string, more = "") => `GET ${path} HTTP/1.1\r\nHost: ${HOST}\r\n${more}\r\n`;
    const reply = await testSite.raw(one("/1") + one("/2") + one("/3", "Connection: close\r\n"));
    expect(reply.match(/HTTP\/1\.1 200/g)).toHaveLength(3);
    expect(reached.toSorted()).toEqual(["GET /1", "GET /2", "GET /3"]);
  });
});

describe("targets and hosts", () => {
  test.each([
    ["no host", "GET / HTTP/1.1\nX-A: b", 400],
    ["two hosts", `GET / HTTP/1.1\nHost: ${HOST}\nHost: ${HOST}`, 400],
    ["an empty host", "GET / HTTP/1.1\nHost:", 400],
    ["a host with a path", `GET / HTTP/1.1\nHost: ${HOST}/x`, 400],
    ["a host with a user", `GET / HTTP/1.1\nHost: a@${HOST}`, 400],
    ["a host with a comma", `GET / HTTP/1.1\nHost: ${HOST},a`, 400],
    ["a URL with a user", `GET http://a@${HOST}/ HTTP/1.1\nHost: ${HOST}`, 400],
    ["a target without slash", `GET x HTTP/1.1\nHost: ${HOST}`, 400],
    ["a target that is a host", `GET ${HOST}:443 HTTP/1.1\nHost: ${HOST}`, 400],
    ["an asterisk", `GET * HTTP/1.1\nHost: ${HOST}`, 400],
    ["another scheme", `GET ftp://${HOST}/ HTTP/1.1\nHost: ${HOST}`, 400],
    ["a fragment", `GET /a#b HTTP/1.1\nHost: ${HOST}`, 400],
    ["a tunnel to somewhere", `CONNECT ${HOST}:443 HTTP/1.1\nHost: ${HOST}`, 405],
    ["no version", `GET /\nHost: ${HOST}`, 505],
    ["another version", `GET / HTTP/3.0\nHost: ${HOST}`, 400],
    ["a lower-case method", `get / HTTP/1.1\nHost: ${HOST}`, 400],
    ["an unknown method", `PWN / HTTP/1.1\nHost: ${HOST}`, 400],
    ["TLS", "\x16\x03\x01\x02\x00\x01", 400],
    ["HTTP/2", "PRI * HTTP/2.0\n\nSM", 400],
  ])("%s", async (_what, head, status) => {
    expect(statusOf(await send(head))).toBe(status);
    expect(reached).toEqual([]);
  });

  test("OPTIONS * goes through", async () => {
    await send(`OPTIONS * HTTP/1.1\nHost: ${HOST}\nConnection: close`);
    expect((await testSite.over(1))[0]).toMatchObject({ path: "*", method: "OPTIONS" });
  });

  test("a target of more than 32 KB is 414, headers of more than 128 KB, or 64 KB in one line, are 431", async () => {
    const long = (length: number) => `GET /${"x".repeat(length)} HTTP/1.1\nHost: ${HOST}\nConnection: close`;
    expect(statusOf(await send(long(32_000)))).toBe(200);
    expect(statusOf(await send(long(33_000)))).toBe(414);
    const big = (length: number) =>
      `GET / HTTP/1.1\nHost: ${HOST}\nConnection: close${`\nX-A: ${"x".repeat(length / 4)}`.repeat(4)}`;
    expect(statusOf(await send(big(120_000)))).toBe(200);
    expect(statusOf(await send(big(132_000)))).toBe(431);
    const line = (length: number) => `GET / HTTP/1.1\nHost: ${HOST}\nConnection: close\nX-A: ${"x".repeat(length)}`;
    expect(statusOf(await send(line(65_000)))).toBe(200);
    expect(statusOf(await send(line(66_000)))).toBe(431);
  });

  test("header lines beyond Node's usual 2,000 are judged and passed on, not dropped", async () => {
    await testSite.deploy("http_request_firewall_custom", [
      { ref: "last", expression: 'any(http.request.headers["x-last"][*] eq "1")', action: "block" },
    ]);
    const reply = await send(`GET / HTTP/1.1\nHost: ${HOST}\nConnection: close\n${"A:b\n".repeat(3000)}X-Last: 1`);
    expect(statusOf(reply)).toBe(403);
    await testSite.deploy("http_request_firewall_custom", []);
  });
});

describe("broken clients", () => {
  test("a client that leaves in the middle of its body costs nothing", async () => {
    await new Promise<void>((resolve) => {
      const socket = connect(testSite.edge.port, "127.0.0.1", () => {
        socket.write(`POST /gone HTTP/1.1\r\nHost: ${HOST}\r\nContent-Length: 1000\r\n\r\nabc`, () =>
          socket.resetAndDestroy(),
        );
      });
      socket.once("close", () => resolve());
    });
    expect((await testSite.over(1))[0]?.status).toBe(499);
  });

  test("a client that sends requests without end and reads no response is disconnected", async () => {
    const one = `GET /many HTTP/1.1\r\nHost: ${HOST}\r\n\r\n`;
    await testSite.raw(one.repeat(2000));
    expect(reached.length).toBeLessThan(200);
  });

  test("garbage of any kind never ends the edge", async () => {
    const piece = fc.oneof(
      fc.constantFrom("GET ", "POST ", " / ", "/a?b", " HTTP/1.1", " HTTP/1.0", "\r\n", "\n", "\r", "\r\n\r\n", ": "),
      fc.constantFrom("Host: ", HOST, "Content-Length: 3", "Transfer-Encoding: chunked", "0\r\n\r\n", "3\r\nabc\r\n"),
      fc.constantFrom(
        "Connection: Upgrade",
        "Upgrade: websocket",
        "Upgrade: h2c",
        "Expect: 100-continue",
        "Connection: close",
      ),
      fc.uint8Array({ maxLength: 12 }).map((bytes) => Buffer.from(bytes).toString("latin1")),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(piece, { minLength: 1, maxLength: 14 }), async (pieces) => {
        const sent = Buffer.from(`${pieces.join("")}\r\n\r\n`, "latin1");
        const reply = await new Promise<string>((resolve) => {
          const socket = connect(testSite.edge.port, "127.0.0.1", () => socket.end(sent));
          let received = "";
          socket.on("data", (chunk) => (received += chunk.toString("latin1")));
          socket.on("error", () => {});
          socket.once("close", () => resolve(received));
        });
        if (reply !== "") expect(reply).toMatch(/^HTTP\/1\.1 \d{3} /);
      }),
      { numRuns: 120, endOnFailure: true },
    );
  });
});
