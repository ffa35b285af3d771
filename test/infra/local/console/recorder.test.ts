import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import type { RecordedBodies, RecordedExchange } from "../../../../infra/local/console/console-data.ts";
import { ExchangeStore } from "../../../../infra/local/console/exchange-store.ts";
import { Recorder } from "../../../../infra/local/console/index.ts";
import { TestSite } from "../edge/test-site.ts";

const SECRET = "hunter2-hunter2";

let folder = "";
let site: TestSite;
let recorder: Recorder;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "causeway-recorder-"));
  const warn = (line: string) => {
    throw new Error(line);
  };
  recorder = new Recorder({ file: join(folder, "requests.ndjson"), secretParameters: ["pin"], warn });
  site = await TestSite.build(
    (request, response) => {
      request.resume();
      request.once("end", () => {
        const headers = { "content-type": "application/json", "set-cookie": `sid=${SECRET}; HttpOnly` };
        response.writeHead(request.url?.startsWith("/missing") ? 404 : 200, headers);
        response.end(JSON.stringify({ ok: true, accessToken: SECRET, big: "x".repeat(70_000) }));
      });
    },
    { edge: { onTrace: (record, trace) => recorder.onTrace(record, trace) } },
  );
});
afterAll(async () => {
  await site.close();
  await recorder.close();
  await rm(folder, { recursive: true, force: true });
});

/** Sends a request and returns its record. */
async function recorded(...[path, options]: Parameters<TestSite["get"]>) {
  const once = new Promise<ReturnType<Recorder["exchanges"]["get"]>>((resolve) => {
    const stop = recorder.onRecorded((kept) => {
      stop();
      resolve(kept);
    });
  });
  await site.get(path, options);
  const kept = await once;
  if (!kept) throw new Error("invariant: it was recorded");
  return {
    exchange: JSON.parse(kept.json.toString()) as RecordedExchange,
    bodies: JSON.parse(kept.bodies?.toString() ?? "null") as RecordedBodies,
    text: kept.json.toString() + kept.bodies?.toString(),
    kept,
  };
}

describe("an exchange", () => {
  test("has what came, what the origin got, what the client got, and how long each part took", async () => {
    const { exchange, bodies } = await recorded("/a?b=c", {
      method: "POST",
      headers: { "content-type": "application/json", "x-one": "1", "cf-worker": "x" },
      body: '{"text":"hello"}',
    });
    expect(exchange).toMatchObject({ seq: 1, method: "POST", path: "/a", target: "/a?b=c", status: 200 });
    expect(exchange).toMatchObject({ outcome: "pass", events: [], scheme: "https", version: "HTTP/1.1" });
    const names = (lines: RecordedExchange["requestHeaders"] = []) => lines.map(([name]) => name.toLowerCase());
    expect(names(exchange.requestHeaders)).toContain("cf-worker");
    expect(names(exchange.forwardedHeaders)).not.toContain("cf-worker");
    expect(names(exchange.forwardedHeaders)).toEqual(expect.arrayContaining(["host", "cf-connecting-ip", "x-one"]));
    expect(names(exchange.responseHeaders)).toContain("cf-cache-status");
    expect(bodies.request).toMatchObject({ bytes: 16, kind: "text", content: '{"text":"hello"}', isCut: false });
    expect(bodies.response).toMatchObject({ kind: "text", isCut: true });
    expect(bodies.response.content.length).toBeLessThanOrEqual(65_536);
    expect(bodies.response.bytes).toBeGreaterThan(70_000);
    const { edgeMs = -1, originMs = -1, totalMs } = exchange;
    expect(edgeMs).toBeGreaterThanOrEqual(0);
    expect(originMs).toBeGreaterThan(0);
    expect(totalMs).toBeGreaterThanOrEqual(originMs);
  });

  test("has no secret, in memory and on the disk", async () => {
    const { text, exchange } = await recorded(`/a?token=${SECRET}&page=1`, {
      method: "POST",
      headers: {
        authorization: `Bearer ${SECRET}`,
        cookie: `sid=${SECRET}`,
        referer: `http://x/?token=${SECRET}`,
        "content-type": "application/json",
      },
      body: JSON.stringify({ password: SECRET, pin: SECRET, name: "kept" }),
    });
    expect(text).toContain("kept");
    expect(exchange.target).toBe("/a?token=[secret]&page=1");
    expect(text).not.toContain(SECRET);
    const other = await recorded("/b");
    expect(other.text).not.toContain(SECRET);
    await recorder.close();
    const file = await readFile(join(folder, "requests.ndjson"), "utf8");
    expect(file).toContain("page=1");
    expect(file).not.toContain(SECRET);
  });

  test("has the rules that matched, which part decided, and the counters before and after", async () => {
    await site.deploy("http_request_firewall_custom", [
      { ref: "no_admin", expression: 'http.request.uri.path eq "/admin"', action: "block", description: "no" },
    ]);
    await site.deploy("http_ratelimit", [
      {
        ref: "limit_reads",
        expression: "true",
        action: "block",
        ratelimit: {
          characteristics: ["cf.colo.id", "ip.src"],
          period: 10,
          requests_per_period: 1,
          mitigation_timeout: 10,
        },
      },
      {
        ref: "limit_misses",
        expression: "true",
        action: "block",
        ratelimit: {
          characteristics: ["cf.colo.id", "ip.src"],
          period: 10,
          requests_per_period: 9,
          mitigation_timeout: 10,
          counting_expression: "http.response.code eq 404",
        },
      },
    ]);
    const headers = { "local-visitor": "ip=203.0.113.7; country=DE" };
    const blocked = await recorded("/admin?password=hunter2-hunter2", { headers });
    expect(blocked.exchange).toMatchObject({ outcome: "block", rule: "no_admin", status: 403, country: "DE" });
    expect(blocked.exchange.events[0]?.why).toContain('http.request.uri.path is "/admin"');
    expect(blocked.exchange.forwardedHeaders).toBeUndefined();
    const first = await recorded("/missing", { headers });
    expect(first.exchange.counts).toMatchObject([
      { ref: "limit_reads", before: 0, after: 1, threshold: 1, period: 10_000 },
      { ref: "limit_misses", before: 0, after: 1, threshold: 9 },
    ]);
    const second = await recorded("/a", { headers });
    expect(second.exchange).toMatchObject({ rule: "limit_reads", status: 429, client: "203.0.113.7" });
    expect(second.exchange.counts).toMatchObject([{ before: 1, after: 2 }]);
    expect(recorder.rules.hitsOf("no_admin")).toMatchObject({ hits: 1 });
    expect(recorder.rules.counters(Date.now())[0]).toMatchObject({ ref: "limit_reads", client: "203.0.113.7" });
    await site.clear();
  });

  test("is there for what is no request, and for one without a site", async () => {
    const ended = site.over(site.records.length + 2);
    await site.raw("nonsense\r\n\r\n");
    await site.get("/x?token=1", { host: "other.example" });
    await ended;
    const [other, malformed] = recorder.exchanges.list({}, 2);
    expect(other).toMatchObject({ host: "other.example", outcome: "none", path: "/x" });
    expect(malformed).toMatchObject({ status: 400, method: "", path: "" });
  });

  test("gets the lines of the backend's log about its ray, and the gateway's time", async () => {
    const { exchange } = await recorded("/a");
    const about = (ray: string, rest: string) => `{"level":"info","id":"1","ray":"${ray}"${rest},"msg":"request"}\n`;
    recorder.backend.add(about(exchange.ray, ',"status":200,"ms":1.25'));
    recorder.backend.add(about("0000000000000000-LCL", ',"status":200,"ms":9'));
    recorder.backend.add('{"msg":"no ray"}\n');
    expect(recorder.backend.get(exchange.ray)).toMatchObject({ gatewayMs: 1.25, lines: [expect.any(String)] });
  });
});

describe("what is kept in memory", () => {
  const exchange = (seq: number, members: Partial<RecordedExchange> = {}) =>
    ({ seq, ray: `ray${seq}`, path: `/p${seq}`, status: 200, events: [], ...members }) as unknown as RecordedExchange;
  const bodies = (length: number) =>
    ({ request: { content: "" }, response: { content: "x".repeat(length) } }) as unknown as RecordedBodies;

  test("the oldest exchanges go, and bodies before exchanges", () => {
    const store = new ExchangeStore({ exchanges: 50, bytes: 100_000 });
    for (let seq = 1; seq <= 60; seq += 1) store.add(exchange(seq), bodies(10_000), undefined);
    expect(store.count).toBe(50);
    expect(store.bytes).toBeLessThanOrEqual(100_000);
    expect(store.get("ray10")).toBeUndefined();
    expect(store.get("ray11")).toMatchObject({ bodies: undefined });
    expect(store.get("ray60")?.bodies?.length).toBeGreaterThan(10_000);
    const small = new ExchangeStore({ exchanges: 50, bytes: 10_000 });
    for (let seq = 1; seq <= 60; seq += 1) small.add(exchange(seq), bodies(0), undefined);
    expect(small.bytes).toBeLessThanOrEqual(10_000);
    expect(small.list({}, 100).map(({ seq }) => seq)).toEqual([60, 59, 58, 57, 56, 55, 54, 53, 52]);
  });

  test("is filtered by text, status, rule and path", () => {
    const store = new ExchangeStore();
    store.add(exchange(1, { status: 403, events: [{ ref: "r" }] as never }), bodies(0), undefined);
    store.add(exchange(2, { target: "/Needle" }), bodies(0), undefined);
    const seqs = (filter: Parameters<ExchangeStore["list"]>[0]) => store.list(filter, 9).map(({ seq }) => seq);
    expect(seqs({})).toEqual([2, 1]);
    expect([seqs({ status: "4xx" }), seqs({ status: "403" }), seqs({ status: "404" })]).toEqual([[1], [1], []]);
    expect([seqs({ rule: "r" }), seqs({ path: "/p2" }), seqs({ text: "needle" })]).toEqual([[1], [2], [2]]);
    expect(store.list({}, 9, 2).map(({ seq }) => seq)).toEqual([1]);
  });
});
