import { connect } from "node:net";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "@jest/globals";
import type { AgainDraft, AgainRequest, JudgedAgain, SentAgain } from "../../../../infra/local/console/again-data.ts";
import type { RecordedExchange } from "../../../../infra/local/console/console-data.ts";
import type { Recorder } from "../../../../infra/local/console/index.ts";
import { VISITORS } from "../../../../infra/policy/visitors.ts";
import { HOST, type TestSite } from "../edge/test-site.ts";
import { type OpenConsole, openConsole } from "./open-console.ts";
import { startRecordedSite } from "./recorded-site.ts";

const SECRET = "hunter2-hunter2";

interface OriginRequest {
  readonly method: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly body: string;
}

let site: TestSite;
let recorder: Recorder;
let console: OpenConsole;
let now = Date.now();
/** What the origin got, newest last. */
let arrived: OriginRequest[] = [];
beforeAll(async () => {
  ({ recorder, site } = await startRecordedSite(
    async (request, response) => {
      let body = "";
      for await (const chunk of request) body += chunk;
      const { method = "", url = "", headers } = request;
      arrived.push({ method, url, headers, body });
      if (url.startsWith("/endless")) return void response.write("a");
      response.end("ok");
    },
    ["pin"],
  ));
  const { edge, api } = site;
  const visitors = async () => VISITORS;
  console = await openConsole({ recorder, cloud: api.cloud, hostname: HOST, edge, visitors, clock: () => now });
});
afterAll(async () => {
  await console.close();
  await site.close();
});
beforeEach(() => {
  arrived = [];
});

/** Sends a request as a visitor, and returns its ray. */
async function passed(...[path, options]: Parameters<TestSite["get"]>): Promise<string> {
  const { headers } = await site.get(path, options);
  const ray = String(headers["cf-ray"]);
  await recorded(ray);
  return ray;
}

async function recorded(ray: string): Promise<RecordedExchange> {
  while (!recorder.exchanges.get(ray)) await new Promise<void>((resolve) => setImmediate(resolve));
  return JSON.parse(recorder.exchanges.get(ray)?.json.toString() ?? "") as RecordedExchange;
}

const draftOf = async (ray: string) => (await console.read<AgainDraft>(`requests/${ray}/again`)).value;

/** The headers with another value of one. */
const withHeader = (request: AgainRequest, name: string, value: string) =>
  request.headers.map((line) => (line[0].toLowerCase() === name ? [line[0], value] : line));

describe("sending again", () => {
  test("as it was: the origin gets the same, and the new request names the one that it repeats", async () => {
    const body = '{"text":"hello \u00fc"}';
    const headers = { "content-type": "application/json", "x-one": "1", "user-agent": "me" };
    const ray = await passed("/a?b=c&d", { method: "POST", headers, body });
    const { request, missing, bodyProblem } = await draftOf(ray);
    expect(missing).toEqual([]);
    expect(bodyProblem).toBeUndefined();
    const sent = await console.act<SentAgain>("again", request);
    expect(sent).toMatchObject({ status: 200, value: { status: 200 } });
    const [first, second] = arrived;
    expect(second).toMatchObject({ method: "POST", url: "/a?b=c&d", body });
    const names = Object.keys(first?.headers ?? {}).filter((name) => !["cf-ray", "connection"].includes(name));
    for (const name of names) expect([name, second?.headers[name]]).toEqual([name, first?.headers[name]]);
    const again = await recorded(sent.value.ray);
    expect(again).toMatchObject({ repeats: ray, target: "/a?b=c&d", method: "POST" });
    expect((await recorded(ray)).repeats).toBeUndefined();
    const { value } = await console.read<{ exchanges: object[] }>("requests?limit=1");
    expect(value.exchanges).toMatchObject([{ ray: again.ray, repeats: ray }]);
  });

  test("edited: method, target, headers and body", async () => {
    const { request } = await draftOf(await passed("/a"));
    const headers = [...request.headers, ["X-Text", "caf\xc3\xa9"]];
    const edited = {
      ...request,
      method: "PUT",
      target: "/other?x=%20",
      headers,
      body: btoa("new\r\n\r\nGET / HTTP/1.1"),
    };
    const { value } = await console.act<SentAgain>("again", edited);
    expect(arrived.at(-1)).toMatchObject({ method: "PUT", url: "/other?x=%20", body: "new\r\n\r\nGET / HTTP/1.1" });
    expect(arrived.at(-1)?.headers["x-text"]).toBe("caf\xc3\xa9");
    expect(await recorded(value.ray)).toMatchObject({ method: "PUT", path: "/other" });
    expect(arrived).toHaveLength(2);
  });

  test("as another visitor: the rules see its country and user agent; as recorded, those of then", async () => {
    const condition = 'ip.src.country eq "T1" or ip.src.country eq "FR"';
    await site.deploy("http_request_firewall_custom", [{ ref: "far", action: "block", expression: condition }]);
    const ray = await passed("/a", { headers: { "local-visitor": "country=FR; ip=198.51.100.7" } });
    const { request, visitors } = await draftOf(ray);
    expect(visitors).toEqual(Object.keys(VISITORS));
    const send = async (visitor?: string) => {
      const { value } = await console.act<SentAgain>("again", { ...request, ...(visitor && { visitor }) });
      return recorded(value.ray);
    };
    expect(await send()).toMatchObject({ status: 403, country: "FR", client: "198.51.100.7" });
    expect(await send("tor")).toMatchObject({ status: 403, country: "T1", client: VISITORS.tor?.ip });
    const script = await send("script");
    expect(script).toMatchObject({ status: 200, country: "US", client: VISITORS.script?.ip });
    expect(script.requestHeaders).toContainEqual(["User-Agent", VISITORS.script?.userAgent]);
    await site.clear();
    // a connection of a visitor is not taken for one of the console
    expect((await recorded(await passed("/a"))).country).toBeUndefined();
  });

  test("secrets are missing, and named; what is filled in reaches the origin and no record", async () => {
    const headers = {
      authorization: `Bearer ${SECRET}`,
      cookie: `theme=dark; sid=${SECRET}`,
      "content-type": "application/json",
    };
    const body = JSON.stringify({ pin: SECRET, text: "hello" });
    const ray = await passed(`/a?token=${SECRET}&page=2`, { method: "POST", headers, body });
    const { request, missing } = await draftOf(ray);
    expect(missing).toEqual([
      { place: "target", name: "token" },
      { place: "header", name: "authorization" },
      { place: "header", name: "cookie: theme" },
      { place: "header", name: "cookie: sid" },
      { place: "body", name: "pin" },
    ]);
    expect(JSON.stringify(request)).not.toContain(SECRET);
    expect(atob(request.body)).not.toContain(SECRET);
    const filled = { ...request, headers: withHeader(request, "authorization", "Bearer my-own-token") };
    const { value } = await console.act<SentAgain>("again", filled);
    expect(arrived.at(-1)?.headers.authorization).toBe("Bearer my-own-token");
    expect(JSON.stringify(await recorded(value.ray))).not.toContain("my-own-token");
  });

  test("of any number of secrets, a hundred are named", async () => {
    const body = JSON.stringify(Array.from({ length: 2_000 }, () => ({ pin: SECRET })));
    const cookie = Array.from({ length: 2_000 }, (_, at) => `c${at}=${at}`).join("; ");
    const ray = await passed("/a", { method: "POST", headers: { cookie, "content-type": "application/json" }, body });
    expect((await draftOf(ray)).missing).toHaveLength(100);
  });

  test("a body that is not kept whole is said to be so", async () => {
    const big = await passed("/a", { method: "POST", body: "x".repeat(70_000) });
    expect((await draftOf(big)).bodyProblem).toContain("70000 bytes");
    const packed = await passed("/a", { method: "POST", headers: { "content-encoding": "gzip" }, body: "x" });
    expect((await draftOf(packed)).bodyProblem).toContain("compressed");
  });

  test("a handshake of a WebSocket is sent again, and its socket closed", async () => {
    const { edge } = site;
    const socket = connect(edge.port, "127.0.0.1");
    socket.write(
      `GET /ws HTTP/1.1\r\nHost: ${HOST}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n`,
    );
    const head = await new Promise<string>((resolve) => socket.once("data", (bytes) => resolve(String(bytes))));
    socket.destroy();
    const ray = /cf-ray: (\S+)/i.exec(head)?.[1] ?? "";
    await recorded(ray);
    const { request } = await draftOf(ray);
    expect(request.headers).toContainEqual(["Upgrade", "websocket"]);
    const { value } = await console.act<SentAgain>("again", request);
    expect((await recorded(value.ray)).repeats).toBe(ray);
  });

  test.each([
    [
      "a line break in a header",
      {
        headers: [
          ["Host", HOST],
          ["X", "a\r\nX-Other: b"],
        ],
      },
    ],
    [
      "a line break in the name of a header",
      {
        headers: [
          ["Host", HOST],
          ["X\r\nY", "a"],
        ],
      },
    ],
    ["a line break in the target", { target: "/a HTTP/1.1\r\nX: y" }],
    ["a space in the target", { target: "/a b" }],
    ["a target that is a URL", { target: "http://evil.example/" }],
    ["a method that is none", { method: "GET /x HTTP/1.1\r\n" }],
    [
      "its own length",
      {
        headers: [
          ["Host", HOST],
          ["Content-Length", "5"],
        ],
      },
    ],
    [
      "chunks",
      {
        headers: [
          ["Host", HOST],
          ["Transfer-Encoding", "chunked"],
        ],
      },
    ],
    [
      "another upgrade",
      {
        headers: [
          ["Host", HOST],
          ["Upgrade", "h2c"],
        ],
      },
    ],
    [
      "two hosts",
      {
        headers: [
          ["Host", HOST],
          ["host", HOST],
        ],
      },
    ],
    ["no host", { headers: [] }],
    ["an unknown visitor", { visitor: "constructor" }],
    ["a body that is no base64", { body: "a b" }],
    ["headers that are none", { headers: "Host: x" }],
    [
      "headers without an end",
      {
        headers: [
          ["Host", HOST],
          ["X", "a".repeat(200_000)],
        ],
      },
    ],
  ])("%s is refused, and nothing is sent", async (_what, wrong) => {
    const { request } = await draftOf(await passed("/a"));
    arrived = [];
    expect((await console.act("again", { ...request, ...wrong })).status).toBe(400);
    expect((await console.act("judge", { ...request, ...wrong })).status).toBe(400);
    expect(arrived).toEqual([]);
  });

  test("a request that is not kept, and no request at all", async () => {
    const { request } = await draftOf(await passed("/a"));
    expect((await console.act("again", { ...request, ray: "none" })).status).toBe(404);
    for (const value of [null, [], "x", 1, {}]) expect((await console.act("again", value)).status).toBe(400);
    expect((await console.act("again", { ...request, scheme: "http" })).status).toBe(409);
    expect((await console.act("nothing", request)).status).toBe(404);
    expect((await console.read("requests/none/again")).status).toBe(404);
    const broken = await console.send("POST", "/api/again", console.headers, "{");
    expect(broken.status).toBe(400);
  });
});

describe("judging", () => {
  const path = (value: string) => `http.request.uri.path eq "${value}"`;

  test("by the present rules and those before the last edit, which may be several changes; nothing is sent", async () => {
    await site.deploy("http_request_firewall_custom", [
      { ref: "same", action: "block", expression: path("/never") },
      { ref: "moved", action: "block", expression: path("/old") },
    ]);
    const ray = await passed("/new");
    now += 60_000; // another edit
    await site.deploy("http_request_firewall_custom", [
      { ref: "same", action: "block", expression: path("/never") },
      { ref: "moved", action: "block", expression: path("/new") },
    ]);
    now += 500; // of the same edit
    await site.deploy("http_request_cache_settings", [
      { ref: "fresh", action: "set_cache_settings", expression: "ssl", action_parameters: { cache: false } },
    ]);
    const { request } = await draftOf(ray);
    arrived = [];
    const { status, value } = await console.act<JudgedAgain>("judge", request);
    expect(status).toBe(200);
    expect(value.present).toMatchObject({ outcome: "block", status: 403, by: { ref: "moved", action: "block" } });
    expect(value.present.by?.why).toContain('http.request.uri.path is "/new"');
    expect(value.before).toMatchObject({ outcome: "pass" });
    expect(value.before?.by).toBeUndefined();
    expect(value.different).toEqual([
      { ref: "moved", change: "changed" },
      { ref: "fresh", change: "new" },
    ]);
    const part = (judgement: JudgedAgain["present"] | undefined) => {
      const rule = judgement?.rules.find(({ ref }) => ref === "moved");
      return [rule?.result, rule?.parts.map(({ start, end, value: is }) => [rule.expression.slice(start, end), is])];
    };
    expect(part(value.present)).toEqual(["matched", [[path("/new"), true]]]);
    expect(part(value.before)).toEqual(["no match", [[path("/old"), false]]]);
    expect(arrived).toEqual([]);
    expect((await console.act<JudgedAgain>("judge", { ...request, target: "/old" })).value).toMatchObject({
      present: { outcome: "pass" },
      before: { outcome: "block", by: { ref: "moved" } },
    });
    await site.clear();
  });

  test("an edit that is said to begin is another one, however soon it comes", async () => {
    const deployOne = (one: string) =>
      site.deploy("http_request_firewall_custom", [{ ref: "one", action: "block", expression: path(one) }]);
    await deployOne("/first");
    const { request } = await draftOf(await passed("/second"));
    console.beginEdit();
    await deployOne("/second");
    console.beginEdit();
    await deployOne("/third");
    const { value } = await console.act<JudgedAgain>("judge", request);
    expect([value.before?.outcome, value.present.outcome]).toEqual(["block", "pass"]);
    await site.clear();
  });

  test("rules in another order are an edit, and no rule is different", async () => {
    const [one, two] = ["one", "two"].map((ref) => ({ ref, action: "block" as const, expression: path("/both") }));
    if (!one || !two) throw new Error("invariant: there are two");
    await site.deploy("http_request_firewall_custom", [one, two]);
    const { request } = await draftOf(await passed("/both"));
    now += 60_000;
    await site.deploy("http_request_firewall_custom", [two, one]);
    const { value } = await console.act<JudgedAgain>("judge", request);
    expect(value).toMatchObject({ present: { by: { ref: "two" } }, before: { by: { ref: "one" }, editedAt: now } });
    expect(value.different).toEqual([]);
    await site.clear();
  });

  test("a rate limit is judged with counters of its own: it neither counts nor is exceeded", async () => {
    const ratelimit = {
      characteristics: ["ip.src", "cf.colo.id"],
      period: 10,
      requests_per_period: 1,
      mitigation_timeout: 10,
    };
    await site.deploy("http_ratelimit", [{ ref: "slow", action: "block", expression: "true", ratelimit }]);
    const { request } = await draftOf(await passed("/a"));
    for (let at = 0; at < 3; at += 1) {
      const { value } = await console.act<JudgedAgain>("judge", request);
      expect(value.present.outcome).toBe("pass");
      const [slow] = value.present.rules;
      expect(slow).toMatchObject({ ref: "slow", result: "limit kept", count: { before: 0, after: 1 } });
    }
    await site.clear();
  });

  test("a hostname of no zone is seen by no rule", async () => {
    const { request } = await draftOf(await passed("/a"));
    const other = { ...request, headers: withHeader(request, "host", "shop.example") };
    expect((await console.act("judge", other)).status).toBe(409);
  });
});

describe("who may act", () => {
  const act = (headers: Record<string, string | undefined>, body = "{}") => {
    const all = { ...console.headers, ...headers };
    const given = Object.entries(all).filter(([, value]) => value !== undefined);
    return console.send("POST", "/api/again", Object.fromEntries(given), body);
  };

  test.each([
    ["without the cookie", { cookie: undefined }, 403],
    ["with another cookie", { cookie: "causeway_console_1=x" }, 403],
    ["without an Origin", { origin: undefined }, 403],
    ["of another Origin", { origin: "http://127.0.0.1:1" }, 403],
    ["of an opaque Origin", { origin: "null" }, 403],
    ["of another port by its own word", { "sec-fetch-site": "same-site" }, 403],
    ["of a form", { "content-type": "text/plain" }, 415],
    ["of another form", { "content-type": "application/x-www-form-urlencoded; a=application/json" }, 415],
    ["without a type", { "content-type": undefined }, 415],
    ["by another name", { host: "evil.example" }, 421],
  ])("a request %s is refused", async (_what, headers, status) => {
    expect((await act(headers)).status).toBe(status);
  });

  test("the right one gets to what it asks for; one that is too large does not", async () => {
    expect((await act({})).status).toBe(400);
    expect((await act({ "sec-fetch-site": "same-origin" })).status).toBe(400);
    expect((await act({ "content-type": "application/json; charset=utf-8" })).status).toBe(400);
    expect((await act({}, "x".repeat(600_000))).status).toBe(413);
  });
});
