import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { type IncomingHttpHeaders, type OutgoingHttpHeaders, request } from "node:http";
import { type AddressInfo, connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { type LocalApi, startApi } from "../../../../infra/local/api/index.ts";
import {
  buildConsolePage,
  Recorder,
  type RunningConsole,
  startConsole,
} from "../../../../infra/local/console/index.ts";
import { RequestTrace } from "../../../../infra/local/edge/trace.ts";

const HOST = "chat.causeway.localhost";
const MARKUP = '</script><img src=x onerror="alert(1)">';

let folder = "";
let api: LocalApi;
let recorder: Recorder;
let site: RunningConsole;
let origin = "";
let cookie = "";

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "causeway-console-"));
  api = await startApi({ seed: { zones: [{ name: "causeway.localhost", plan: "enterprise" }] } });
  const rules = [{ ref: "no_admin", expression: 'http.request.uri.path eq "/admin" and ssl', action: "block" }];
  await callApi("PUT", `/zones/${api.zoneId}/rulesets/phases/http_request_firewall_custom/entrypoint`, { rules });
  const warn = (line: string) => {
    throw new Error(line);
  };
  recorder = new Recorder({ secretParameters: [], warn });
  const mail = "From: Causeway <a@b.example>\nTo: <c@d.example>\nSubject: Hello\nDate: today\n\nA link";
  await writeFile(join(folder, "2026.eml"), mail);
  const started = await start();
  site = started.console;
  origin = started.origin;
  const first = await get(site.address.slice(origin.length));
  cookie = String(first.headers["set-cookie"]).split(";")[0] ?? "";
  record("ray1", { path: "/a" });
  record("ray2", { path: "/admin", target: "/admin?token=abc", status: 403, outcome: "block" });
});
afterAll(async () => {
  await site.close();
  await api.close();
  await rm(folder, { recursive: true, force: true });
});

async function start() {
  const probe = createServer().listen(0, "127.0.0.1");
  await once(probe, "listening");
  const { port } = probe.address() as AddressInfo;
  await new Promise((done) => probe.close(done));
  const { cloud } = api;
  const connectors = async () => [{ id: "one" }];
  const files = await buildConsolePage();
  const edge = { port: 1, introduce: () => {} };
  const visitors = async () => ({ ordinary: {} });
  const options = { port, recorder, cloud, hostname: HOST, outbox: folder, files, connectors, edge, visitors };
  const console = await startConsole(options);
  return { console, origin: `http://127.0.0.1:${port}` };
}

async function callApi(method: string, path: string, body: unknown): Promise<void> {
  const headers = { authorization: `Bearer ${api.token}`, "content-type": "application/json" };
  const response = await fetch(`${api.url}${path}`, { method, headers, body: JSON.stringify(body) });
  if (!response.ok) throw new Error(await response.text());
}

/** Records a request as the edge would. */
function record(
  ray: string,
  about: { path: string; target?: string; status?: number; outcome?: "block"; body?: Buffer },
) {
  const { path, target = path, status = 200, outcome = "pass", body } = about;
  const time = Date.now();
  const trace = Object.assign(new RequestTrace(), {
    target,
    headers: [["X-Text", MARKUP]],
    responseHeaders: [["Content-Type", "image/png"]],
    zone: api.cloud.zoneOf(HOST),
    facts: {
      method: "GET",
      host: HOST,
      uri: target,
      version: "HTTP/1.1",
      scheme: "https",
      headers: [],
      ip: "::1",
      at: time,
    },
  });
  if (body) trace.responseBody.add(body);
  const by = { ref: "no_admin", phase: "http_request_firewall_custom", action: "block", why: "because" };
  const decided = outcome === "block" ? { by, events: [by] } : { events: [] };
  const verdict = { outcome, ...decided, settings: {}, undetermined: [], rulesInDoubt: [] } as never;
  const method = "GET";
  recorder.onTrace(
    { time, ray, client: "::1", method, host: HOST, path, status, durationMs: 1, verdict },
    trace as never,
  );
}

interface ConsoleReply {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

function get(path: string, headers: OutgoingHttpHeaders = {}, method = "GET"): Promise<ConsoleReply> {
  return new Promise((resolve, reject) => {
    const sent = request(`${origin}/`, { path, method, headers, agent: false }, (response) => {
      const chunks: Buffer[] = [];
      response.on("data", (chunk: Buffer) => chunks.push(chunk));
      response.once("end", () => {
        const body = Buffer.concat(chunks).toString();
        resolve({ status: response.statusCode ?? 0, headers: response.headers, body });
      });
    });
    sent.once("error", reject).end();
  });
}

/** What an open console responds at a path of its API. */
async function read(path: string) {
  const { status, body } = await get(`/api/${path}`, { cookie });
  return { status, value: JSON.parse(body) as Record<string, never> };
}

describe("who may use it", () => {
  test("the token opens it once, for a strict cookie, and leaves the address", async () => {
    const other = await start();
    const open = (headers: OutgoingHttpHeaders = {}) => {
      const { host, pathname, search } = new URL(other.console.address);
      return fetchFrom(`http://${host}${pathname}${search}`, headers);
    };
    const wrong = await fetchFrom(`${other.origin}/?token=${"x".repeat(43)}`, {});
    expect(wrong.status).toBe(403);
    const first = await open();
    expect(first.status).toBe(303);
    expect(first.headers.get("location")).toBe("/");
    const given = first.headers.get("set-cookie") ?? "";
    expect(given).toMatch(/^causeway_console_\d+=[\w-]{43}; Path=\/; Max-Age=\d+; HttpOnly; SameSite=Strict$/);
    expect(given).not.toContain(new URL(other.console.address).searchParams.get("token"));
    expect((await open()).status).toBe(403);
    expect((await open({ cookie: given.split(";")[0] ?? "" })).status).toBe(303);
    await other.console.close();
  });

  test.each(["/", "/console.js", "/console.css", "/api/requests", "/api/live", "/api/mails"])(
    "%s needs the cookie",
    async (path) => {
      for (const headers of [{}, { cookie: "causeway_console_1=x" }, { cookie: `${cookie}x` }]) {
        expect((await get(path, headers)).status).toBe(403);
      }
    },
  );

  test.each([
    ["another name for this machine", { host: "evil.example" }, 421],
    ["localhost", { host: "localhost:4040" }, 421],
    ["another origin", { origin: "http://evil.example" }, 403],
    ["another port of this machine", { origin: "http://127.0.0.1:1" }, 403],
    ["an opaque origin", { origin: "null" }, 403],
    ["a script of another site", { "sec-fetch-site": "cross-site", "sec-fetch-mode": "no-cors" }, 403],
    ["a picture of another port", { "sec-fetch-site": "same-site", "sec-fetch-dest": "image" }, 403],
  ])("%s is refused, with the cookie", async (_what, headers, status) => {
    expect((await get("/api/requests", { cookie, ...headers })).status).toBe(status);
  });

  test("a link of another site opens the page, and nothing of the API", async () => {
    const link = { cookie, "sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate", "sec-fetch-dest": "document" };
    expect((await get("/", link)).status).toBe(200);
    expect((await get("/api/requests", link)).status).toBe(403);
  });

  test("it takes GET and POST, one Host, and no address without an end", async () => {
    for (const method of ["PUT", "DELETE", "OPTIONS", "HEAD", "PATCH"]) {
      expect((await get("/api/again", { cookie, origin }, method)).status).toBe(405);
    }
    expect((await get("/", { cookie, origin }, "POST")).status).toBe(405);
    expect((await get(`/api/requests?text=${"x".repeat(3_000)}`, { cookie })).status).toBe(414);
    const { host } = new URL(origin);
    const socket = connect(Number(new URL(origin).port), "127.0.0.1");
    socket.write(`GET / HTTP/1.1\r\nHost: ${host}\r\nHost: evil.example\r\nCookie: ${cookie}\r\n\r\n`);
    const [answer] = await once(socket, "data");
    socket.destroy();
    expect(String(answer)).toMatch(/^HTTP\/1\.1 4(00|21) /);
  });
});

describe("what it shows", () => {
  test("nothing can run in it but its own program", async () => {
    const page = await get("/", { cookie });
    expect(page.headers["content-security-policy"]).toContain("script-src 'self'");
    expect(page.headers["content-security-policy"]).not.toContain("unsafe");
    expect(page.body).not.toMatch(/<script(?![^>]*src=)|<style|\son\w+=/);
    const details = await get("/api/requests/ray1", { cookie });
    expect(details.headers["content-type"]).toBe("application/json; charset=utf-8");
    expect(details.headers["x-content-type-options"]).toBe("nosniff");
    expect(JSON.parse(details.body)).toMatchObject({ exchange: { ray: "ray1" } });
  });

  test("requests, by filters; a mistake says what is right", async () => {
    const { value } = await read("requests");
    expect(value.exchanges).toMatchObject([{ ray: "ray2", status: 403, rule: "no_admin" }, { ray: "ray1" }]);
    expect((await read("requests?status=4xx&path=/ad&rule=no_admin&text=")).value.exchanges).toHaveLength(1);
    expect(await read("requests?status=9")).toMatchObject({
      status: 400,
      value: { error: expect.stringContaining("4xx") },
    });
    expect(await read("requests?limit=501x")).toMatchObject({ status: 400 });
    expect(await read("requests?path=/a&path=/b")).toMatchObject({ status: 400 });
    expect(await read("requests?other=1")).toMatchObject({ status: 400 });
    expect((await read("requests/unknown")).status).toBe(404);
    expect((await read("nothing")).status).toBe(404);
    expect((await read("requests/ray1/../../mails")).status).toBe(200); // the client's own spelling of /api/mails
  });

  test("one request: masked, with what each rule decided and which part of it", async () => {
    const blocked = await read("requests/ray2");
    expect(blocked.value).toMatchObject({
      exchange: { target: "/admin?token=[secret]" },
      rules: [{ ref: "no_admin", result: "matched", why: "because" }],
    });
    const passed = await read("requests/ray1");
    expect(passed.value.rules).toMatchObject([
      { ref: "no_admin", result: "no match", why: expect.stringContaining('http.request.uri.path is "/a"') },
    ]);
    const [rule] = passed.value.rules as unknown as {
      expression: string;
      parts: { start: number; end: number; value: boolean }[];
    }[];
    const parts = rule?.parts.map(({ start, end, value }) => [rule.expression.slice(start, end), value]);
    expect(parts).toContainEqual(['http.request.uri.path eq "/admin"', false]);
  });

  test("a body as a picture only where its bytes are one", async () => {
    record("png", { path: "/p", body: Buffer.from("\x89PNG\r\n\x1a\n....", "latin1") });
    record("html", { path: "/p", body: Buffer.from(MARKUP) });
    expect((await get("/api/requests/png/image/response", { cookie })).headers["content-type"]).toBe("image/png");
    expect((await get("/api/requests/html/image/response", { cookie })).status).toBe(404);
    expect((await get("/api/requests/png/image/request", { cookie })).status).toBe(404);
  });

  test("rules with their hits, and those that never matched; deployments; connectors; mails", async () => {
    expect((await read("rules")).value.rules).toMatchObject([{ ref: "no_admin", hits: 1 }]);
    expect((await read("deployments")).value).toEqual({ changes: [] });
    const rules = [
      { ref: "no_admin", expression: 'http.request.uri.path eq "/other"', action: "block" },
      { ref: "fresh", expression: "ssl", action: "log" },
    ];
    await callApi("PUT", `/zones/${api.zoneId}/rulesets/phases/http_request_firewall_custom/entrypoint`, { rules });
    const [change] = (await read("deployments")).value.changes as unknown as { rules: object[] }[];
    expect(change?.rules).toMatchObject([
      { ref: "no_admin", before: expect.stringContaining("/admin"), after: expect.stringContaining("/other") },
      { ref: "fresh", after: "log: ssl" },
    ]);
    expect((await read("rules")).value.rules).toMatchObject([
      { ref: "no_admin", hits: 1 },
      { ref: "fresh", hits: 0 },
    ]);
    expect((await read("connectors")).value).toEqual({ connectors: [{ id: "one" }] });
    expect((await read("mails")).value.mails).toMatchObject([
      { to: "<c@d.example>", subject: "Hello", text: "A link" },
    ]);
    // what was recorded before is read by the rules of then
    expect((await read("requests/ray1")).value.rules).toHaveLength(1);
  });
});

describe("the live list", () => {
  test("brings what passes the filter; a reader that never reads costs a bounded queue", async () => {
    const reading = new AbortController();
    const { signal } = reading;
    const live = await fetch(`${origin}/api/live?path=/live`, { headers: { cookie }, signal });
    const stuck = connect(Number(new URL(origin).port), "127.0.0.1");
    stuck.write(`GET /api/live HTTP/1.1\r\nHost: ${new URL(origin).host}\r\nCookie: ${cookie}\r\n\r\n`);
    stuck.pause();
    record("other", { path: "/other" });
    for (let at = 0; at < 1_000; at += 1) record(`live${at}`, { path: `/live/${at}` });
    const reader = live.body?.pipeThrough(new TextDecoderStream()).getReader();
    let text = "";
    while (!text.includes("\n")) text += (await reader?.read())?.value ?? "";
    const message = JSON.parse(text.split("\n")[0] ?? "") as { exchanges: { path: string }[]; skipped: number };
    expect(message.exchanges).toHaveLength(200);
    expect(message.exchanges.at(-1)?.path).toBe("/live/999");
    expect(message.skipped).toBe(800);
    reading.abort();
    stuck.destroy();
  });

  test("there are at most 16 readers", async () => {
    const reading = new AbortController();
    const { signal } = reading;
    const open = () => fetch(`${origin}/api/live`, { headers: { cookie }, signal });
    const readers = await Promise.all(Array.from({ length: 16 }, open));
    expect(readers.every(({ status }) => status === 200)).toBe(true);
    expect((await open()).status).toBe(503);
    reading.abort();
  });
});

/** Without following a redirect. */
const fetchFrom = (url: string, headers: OutgoingHttpHeaders) =>
  fetch(url, { headers: headers as Record<string, string>, redirect: "manual" });
