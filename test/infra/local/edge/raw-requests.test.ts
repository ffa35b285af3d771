import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "@jest/globals";
import { HOST, TestSite } from "./test-site.ts";

let testSite: TestSite;
/** Method, target and body of each request that arrived completely at the origin. */
let reached: string[] = [];

beforeAll(async () => {
  testSite = await TestSite.build((request, response) => {
    let body = "";
    request.on("data", (chunk) => (body += chunk));
    request.on("end", () => {
      reached.push(`${request.method} ${request.url} [${body}]`);
      response.end("origin");
    });
  });
});
afterAll(() => testSite.close());
beforeEach(() => {
  reached = [];
});
afterEach(async () => {
  expect((await testSite.get("/alive")).body).toBe("origin");
});

const H = `Host: ${HOST}`;
const C = "Connection: close";
const send = (bytes: string) =>
  testSite.raw(Buffer.from(bytes, "latin1"), (text) => text.includes("origin") || text.includes("Ray"));
const statuses = (reply: string) => [...reply.matchAll(/HTTP\/1\.1 (\d{3}) /g)].map(([, status]) => Number(status));

describe("raw requests at the edge", () => {
  test.each([
    ["a tab before the target", 400, `GET\t/ HTTP/1.1\r\n${H}\r\n${C}\r\n\r\n`],
    ["a space in the target", 400, `GET /a b HTTP/1.1\r\n${H}\r\n${C}\r\n\r\n`],
    ["a leading space", 400, ` GET / HTTP/1.1\r\n${H}\r\n${C}\r\n\r\n`],
    ["bare line feeds", 400, `GET / HTTP/1.1\n${H}\n${C}\n\n`],
    ["a bare line feed between lines", 400, `GET / HTTP/1.1\r\n${H}\nX-A: b\r\n${C}\r\n\r\n`],
    ["a bare carriage return after the request line", 400, `GET / HTTP/1.1\r${H}\r\n${C}\r\n\r\n`],
    ["HTTP/1.2", 400, `GET / HTTP/1.2\r\n${H}\r\n${C}\r\n\r\n`],
    ["HTTP/01.1", 400, `GET / HTTP/01.1\r\n${H}\r\n${C}\r\n\r\n`],
    ["http/1.1", 400, `GET / http/1.1\r\n${H}\r\n${C}\r\n\r\n`],
    ["HTTP/0.9", 505, `GET / HTTP/0.9\r\n${H}\r\n\r\n`],
    ["no method", 400, `/ HTTP/1.1\r\n${H}\r\n\r\n`],
    ["a method with a line", 400, `GE\nT / HTTP/1.1\r\n${H}\r\n\r\n`],
    ["an endless method", 400, `${"G".repeat(200)} / HTTP/1.1\r\n${H}\r\n\r\n`],
    ["a NUL in the target", 400, `GET /\0 HTTP/1.1\r\n${H}\r\n${C}\r\n\r\n`],
    ["a control character in the target", 400, `GET /\x01 HTTP/1.1\r\n${H}\r\n${C}\r\n\r\n`],
    ["DEL in the target", 400, `GET /\x7f HTTP/1.1\r\n${H}\r\n${C}\r\n\r\n`],
    ["a scheme without host", 400, `GET http:/// HTTP/1.1\r\n${H}\r\n${C}\r\n\r\n`],
    ["a scheme with a port only", 400, `GET http://:80/ HTTP/1.1\r\n${H}\r\n${C}\r\n\r\n`],
    ["file scheme", 400, `GET file:///etc/passwd HTTP/1.1\r\n${H}\r\n${C}\r\n\r\n`],
    ["a target of another host", 409, `GET http://other.example/ HTTP/1.1\r\n${H}\r\n${C}\r\n\r\n`],
    ["a host in brackets", 403, `GET / HTTP/1.1\r\nHost: [::1]\r\n${C}\r\n\r\n`],
    ["a port that is none", 400, `GET / HTTP/1.1\r\nHost: ${HOST}:http\r\n${C}\r\n\r\n`],
    ["a port beyond numbers", 400, `GET / HTTP/1.1\r\nHost: ${HOST}:999999\r\n${C}\r\n\r\n`],
    ["a space in the host", 400, `GET / HTTP/1.1\r\nHost: ${HOST} x\r\n${C}\r\n\r\n`],
    ["an underscore for the host's hyphen", 400, `GET / HTTP/1.1\r\nHost_: ${HOST}\r\n${C}\r\n\r\n`],
    ["a host after a folded line", 400, `GET / HTTP/1.1\r\nX-A: b\r\n ${H}\r\n${C}\r\n\r\n`],
    ["a first line that begins with a space", 400, `GET / HTTP/1.1\r\n ${H}\r\n${C}\r\n\r\n`],
    ["a line without colon", 400, `GET / HTTP/1.1\r\n${H}\r\nX-A\r\n${C}\r\n\r\n`],
    ["a line without name", 400, `GET / HTTP/1.1\r\n${H}\r\n: b\r\n${C}\r\n\r\n`],
    ["a space in a name", 400, `GET / HTTP/1.1\r\n${H}\r\nX A: b\r\n${C}\r\n\r\n`],
    ["a bracket in a name", 400, `GET / HTTP/1.1\r\n${H}\r\nX[A]: b\r\n${C}\r\n\r\n`],
    ["a non-ASCII name", 400, `GET / HTTP/1.1\r\n${H}\r\nX\xe4: b\r\n${C}\r\n\r\n`],
    ["a length with a space", 400, `POST / HTTP/1.1\r\n${H}\r\n${C}\r\nContent-Length: 1 2\r\n\r\nabc`],
    ["a length with a comma", 400, `POST / HTTP/1.1\r\n${H}\r\n${C}\r\nContent-Length: 3,\r\n\r\nabc`],
    ["an empty length", 400, `POST / HTTP/1.1\r\n${H}\r\n${C}\r\nContent-Length:\r\n\r\nabc`],
    ["a length with a point", 400, `POST / HTTP/1.1\r\n${H}\r\n${C}\r\nContent-Length: 3.0\r\n\r\nabc`],
    ["an encoding in quotes", 400, `POST / HTTP/1.1\r\n${H}\r\n${C}\r\nTransfer-Encoding: "chunked"\r\n\r\n0\r\n\r\n`],
    [
      "an encoding with a vertical tab",
      400,
      `POST / HTTP/1.1\r\n${H}\r\n${C}\r\nTransfer-Encoding:\x0bchunked\r\n\r\n0\r\n\r\n`,
    ],
    ["an empty encoding", 400, `POST / HTTP/1.1\r\n${H}\r\n${C}\r\nTransfer-Encoding:\r\n\r\n0\r\n\r\n`],
    ["identity", 400, `POST / HTTP/1.1\r\n${H}\r\n${C}\r\nTransfer-Encoding: identity\r\n\r\n`],
    ["an expectation", 417, `POST / HTTP/1.1\r\n${H}\r\n${C}\r\nExpect: x\r\nContent-Length: 3\r\n\r\nabc`],
  ])("%s is refused with %i, and the origin sees nothing", async (_what, status, bytes) => {
    expect(statuses(await send(bytes))).toEqual([status]);
    expect(reached).toEqual([]);
  });

  test.each([
    [
      "a chunk size in quotes",
      `POST / HTTP/1.1\r\n${H}\r\n${C}\r\nTransfer-Encoding: chunked\r\n\r\n"3"\r\nabc\r\n0\r\n\r\n`,
    ],
    [
      "a chunk size with 0x",
      `POST / HTTP/1.1\r\n${H}\r\n${C}\r\nTransfer-Encoding: chunked\r\n\r\n0x3\r\nabc\r\n0\r\n\r\n`,
    ],
    [
      "a chunk size with a sign",
      `POST / HTTP/1.1\r\n${H}\r\n${C}\r\nTransfer-Encoding: chunked\r\n\r\n+3\r\nabc\r\n0\r\n\r\n`,
    ],
    [
      "a negative chunk size",
      `POST / HTTP/1.1\r\n${H}\r\n${C}\r\nTransfer-Encoding: chunked\r\n\r\n-3\r\nabc\r\n0\r\n\r\n`,
    ],
    [
      "an endless chunk size",
      `POST / HTTP/1.1\r\n${H}\r\n${C}\r\nTransfer-Encoding: chunked\r\n\r\n${"f".repeat(20)}\r\nabc\r\n0\r\n\r\n`,
    ],
    [
      "a chunk with bare line feeds",
      `POST / HTTP/1.1\r\n${H}\r\n${C}\r\nTransfer-Encoding: chunked\r\n\r\n3\nabc\n0\n\n`,
    ],
    [
      "a chunk longer than said",
      `POST / HTTP/1.1\r\n${H}\r\n${C}\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabcd\r\n0\r\n\r\n`,
    ],
    [
      "a chunk extension with a line",
      `POST / HTTP/1.1\r\n${H}\r\n${C}\r\nTransfer-Encoding: chunked\r\n\r\n3;a=\n\r\nabc\r\n0\r\n\r\n`,
    ],
    [
      "an endless chunk extension",
      `POST / HTTP/1.1\r\n${H}\r\n${C}\r\nTransfer-Encoding: chunked\r\n\r\n3;${"a".repeat(20000)}\r\nabc\r\n0\r\n\r\n`,
    ],
    [
      "a trailer that is a length",
      `POST / HTTP/1.1\r\n${H}\r\n${C}\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\nContent-Length: 50\r\n\r\n`,
    ],
  ])("%s ends the connection, and the origin sees no whole request", async (_what, bytes) => {
    expect(statuses(await send(bytes))).not.toContain(200);
    expect(reached).toEqual([]);
  });

  test.each([
    ["two spaces before the target", `GET  / HTTP/1.1\r\n${H}\r\n${C}\r\n\r\n`, "GET / []"],
    ["two spaces after the target", `GET /  HTTP/1.1\r\n${H}\r\n${C}\r\n\r\n`, "GET / []"],
    ["leading empty lines", `\r\n\r\nGET / HTTP/1.1\r\n${H}\r\n${C}\r\n\r\n`, "GET / []"],
    [
      "a host of another site, the target of this one",
      `GET http://${HOST}/ HTTP/1.1\r\nHost: other.example\r\n${C}\r\n\r\n`,
      "GET / []",
    ],
    [
      "a length by an underscore",
      `POST / HTTP/1.1\r\n${H}\r\n${C}\r\nContent_Length: 3\r\nContent-Length: 0\r\n\r\n`,
      "POST / []",
    ],
    [
      "an encoding by an underscore",
      `POST / HTTP/1.1\r\n${H}\r\n${C}\r\nTransfer_Encoding: chunked\r\nContent-Length: 3\r\n\r\nabc`,
      "POST / [abc]",
    ],
    [
      "an encoding with a tab",
      `POST / HTTP/1.1\r\n${H}\r\n${C}\r\nTransfer-Encoding:\tchunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n`,
      "POST / [abc]",
    ],
    [
      "an encoding in capitals",
      `POST / HTTP/1.1\r\n${H}\r\n${C}\r\nTransfer-Encoding: CHUNKED\r\n\r\n3\r\nabc\r\n0\r\n\r\n`,
      "POST / [abc]",
    ],
    [
      "a chunk extension",
      `POST / HTTP/1.1\r\n${H}\r\n${C}\r\nTransfer-Encoding: chunked\r\n\r\n3;a=b\r\nabc\r\n0\r\n\r\n`,
      "POST / [abc]",
    ],
    [
      "a trailer",
      `POST / HTTP/1.1\r\n${H}\r\n${C}\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\nX-A: trailer\r\n\r\n`,
      "POST / [abc]",
    ],
    ["a GET with a body", `GET / HTTP/1.1\r\n${H}\r\n${C}\r\nContent-Length: 3\r\n\r\nabc`, "GET / [abc]"],
    [
      "what Connection names",
      `GET / HTTP/1.1\r\n${H}\r\nX-A: b\r\nConnection: close, X-A, CF-Connecting-IP\r\n\r\n`,
      "GET / []",
    ],
    [
      "an upgrade to h2c",
      `GET / HTTP/1.1\r\n${H}\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n\r\n`,
      "GET / []",
    ],
    ["TRACE", `TRACE / HTTP/1.1\r\n${H}\r\n${C}\r\n\r\n`, "TRACE / []"],
    [
      "a header of the tunnel",
      `GET / HTTP/1.1\r\n${H}\r\n${C}\r\ncf-cloudflared-proxy-connection-upgrade: update-configuration\r\n\r\n`,
      "GET / []",
    ],
  ])("%s reaches the origin as one plain request", async (_what, bytes, request) => {
    expect(statuses(await send(bytes))).toEqual([200]);
    expect(reached).toEqual([request]);
  });
});
