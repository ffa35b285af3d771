// The commands that the console copies, run by a shell with the real curl: the origin gets the request once more.
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import type { RecordedBodies, RecordedExchange } from "../../../infra/local/console/console-data.ts";
import { curlCommand } from "../../../infra/local/console/curl-command.ts";
import type { Recorder } from "../../../infra/local/console/index.ts";
import { startRecordedSite } from "../../infra/local/console/recorded-site.ts";
import { HOST, type TestSite } from "../../infra/local/edge/test-site.ts";

interface OriginRequest {
  readonly line: string;
  readonly headers: readonly string[];
  readonly body: string;
}

let site: TestSite;
let recorder: Recorder;
let arrived: OriginRequest[] = [];
beforeAll(async () => {
  ({ recorder, site } = await startRecordedSite(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const headers = request.rawHeaders.flatMap((name, at) =>
      at % 2 === 0 ? `${name.toLowerCase()}: ${request.rawHeaders[at + 1]}` : [],
    );
    const body = Buffer.concat(chunks).toString("latin1");
    arrived.push({ line: `${request.method} ${request.url}`, headers, body });
    response.end();
  }));
});
afterAll(() => site.close());

/** What a request has of its own: neither the edge nor a connection says it. */
const own = ({ headers, ...request }: OriginRequest | undefined = { line: "", headers: [], body: "" }) => ({
  ...request,
  headers: headers
    .filter((line) => !/^(cf-|x-forwarded-for|cdn-loop|host|content-length|connection)/.test(line))
    .sort(),
});

test.each([
  ['GET /a?b=[c]{d}&e=%20../f HTTP/1.1\r\nUser-Agent: it\'s !me "x" `id` $(id)\r\n', ""],
  ["GET /a/../b/./c?'%27 HTTP/1.1\r\nAccept: x/y\r\nX-Empty: \r\n", ""],
  ["GET /bytes HTTP/1.1\r\nX-Bytes: \xff\xfe\r\n", ""],
  ["POST /p HTTP/1.1\r\nContent-Type: application/json\r\n", '{"it\'s":"!","b":"\\n"}'],
  ["PUT /p HTTP/1.1\r\nX: -o/tmp/x\r\n", "-o @/etc/passwd\r\n'\x03\x1b[201~\n\n"],
  ["PATCH /p HTTP/1.1\r\nContent-Type: application/octet-stream\r\n", "\x00\x01\xff%d\n"],
  ["HEAD / HTTP/1.1\r\n", ""],
  ["OPTIONS * HTTP/1.1\r\n", ""],
])("%j", async (head, body) => {
  arrived = [];
  const length = body === "" ? "" : `Content-Length: ${body.length}\r\n`;
  const bytes = `${head}Host: ${HOST}\r\n${length}Connection: close\r\n\r\n${body}`;
  const response = await site.raw(Buffer.from(bytes, "latin1"));
  const kept = recorder.exchanges.get(/cf-ray: (\S+)/i.exec(response)?.[1] ?? "");
  const exchange = JSON.parse(String(kept?.json)) as RecordedExchange;
  const bodies = JSON.parse(String(kept?.bodies)) as RecordedBodies;
  const command = curlCommand(exchange, bodies.request, site.edge.port);
  await promisify(execFile)("sh", ["-ec", command]);
  expect(arrived).toHaveLength(2);
  expect(own(arrived[1])).toEqual(own(arrived[0]));
});
