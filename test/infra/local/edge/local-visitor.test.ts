// A2: a rule on what only Cloudflare knows of a visitor is seen at work at the local edge.
import type { IncomingHttpHeaders } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "@jest/globals";
import { trustsLocalVisitor } from "../../../../infra/local/edge/local-visitor.ts";
import { VISITOR_NAMES, type Visitor } from "../../../../infra/rules/index.ts";
import { HOST, TestSite } from "./test-site.ts";

const FIREWALL = "http_request_firewall_custom";
const ELSEWHERE = "chat.example.com";

let testSite: TestSite;
let origin: { readonly headers: IncomingHttpHeaders; readonly raw: readonly string[] } | undefined;

async function open(visitor?: Visitor): Promise<TestSite> {
  const made = await TestSite.build(
    (request, response) => {
      origin = { headers: request.headers, raw: request.rawHeaders };
      response.end("origin");
    },
    {
      zones: [
        { name: "causeway.localhost", plan: "enterprise" },
        { name: "example.com", plan: "enterprise" },
      ],
      ...(visitor && { edge: { visitor } }),
    },
  );
  return made;
}

beforeAll(async () => {
  testSite = await open();
  // the same origin and rules behind a hostname that is not local
  const [zone] = (await testSite.call("GET", "/zones?name=example.com")) as { id: string }[];
  const record = {
    name: ELSEWHERE,
    type: "CNAME",
    content: `${testSite.tunnelId}.cfargotunnel.com`,
    proxied: true,
    ttl: 1,
  };
  await testSite.call("POST", `/zones/${zone?.id}/dns_records`, record);
  const rules = [{ ref: "country", expression: 'ip.src.country eq "DE"', action: "block" }];
  await testSite.call("PUT", `/zones/${zone?.id}/rulesets/phases/${FIREWALL}/entrypoint`, { rules });
  const { port } = testSite.origin.address() as AddressInfo;
  await testSite.stopConnector();
  await testSite.call("PUT", `/accounts/${testSite.api.accountId}/cfd_tunnel/${testSite.tunnelId}/configurations`, {
    config: { ingress: [{ service: `http://127.0.0.1:${port}` }] },
  });
  await testSite.startConnector();
});
afterAll(() => testSite.close());
beforeEach(async () => {
  await testSite.clear();
  testSite.records.length = 0;
  origin = undefined;
});

const send = (visitor: string | string[], more: { host?: string; headers?: Record<string, string> } = {}) =>
  testSite.get("/", { ...more, headers: { ...more.headers, "Local-Visitor": visitor } });
const status = async (...parameters: Parameters<typeof send>) => (await send(...parameters)).status;

describe("A2: Local-Visitor", () => {
  test.each([
    ['ip.src.country eq "DE"', "country=DE", "country=FR"],
    ["ip.src.asnum eq 64496", "asn=64496", "asn=64497"],
    ["cf.bot_management.score lt 30", "bot_score=2", "bot_score=99"],
    ['http.user_agent eq "Bot/1 (a; b)"', 'user_agent="Bot/1 (a; b)"', "user_agent=curl"],
    ["ip.src in {203.0.113.0/24}", "ip=203.0.113.7", "ip=203.0.114.7"],
    ['ip.src.city eq "Köln"', "city=Köln", "city=Bonn"],
  ])("%s is seen at work", async (expression, meets, misses) => {
    await testSite.deploy(FIREWALL, [{ ref: "rule", expression, action: "block" }]);
    const bytes = (text: string) => Buffer.from(text).toString("latin1");
    expect([await status(bytes(meets)), await status(bytes(misses))]).toEqual([403, 200]);
    const [blocked] = await testSite.over(2);
    expect(blocked?.verdict?.by?.ref).toBe("rule");
  });

  test("the origin sees the visitor's address, country and user agent, and never the header", async () => {
    await send("ip=2001:db8::7; country=DE; user_agent=Bot/1", {
      headers: { "User-Agent": "curl/8", Local_Visitor: "ip=192.0.2.1" },
    });
    expect(origin?.headers).toMatchObject({
      "cf-connecting-ip": "2001:db8::7",
      "x-forwarded-for": "2001:db8::7",
      "cf-ipcountry": "DE",
      "user-agent": "Bot/1",
    });
    expect(origin?.raw.join("\n")).not.toMatch(/local.visitor/i);
    const [record] = await testSite.over(1);
    expect(record?.client).toBe("2001:db8::7");
  });

  test("rules do not see it", async () => {
    const expression = 'any(lower(http.request.headers.names[*])[*] contains "visitor")';
    await testSite.deploy(FIREWALL, [{ ref: "rule", expression, action: "block" }]);
    expect(await status("country=DE")).toBe(200);
  });

  test("a header that cannot be read is a 400 that says which fields there are", async () => {
    const wrong = await send("contry=<b>");
    expect(wrong.status).toBe(400);
    expect(wrong.body).toMatch(/Local-Visitor: "contry" is no property of a visitor; did you mean country/);
    for (const { name } of VISITOR_NAMES) expect(wrong.body).toContain(` ${name} (`);
    expect((await send(["country=DE", "country=FR"])).body).toContain("Local-Visitor is there 2 times; send it once");
    const page = await send('country="<script>"', { headers: { accept: "text/html" } });
    expect(page.status).toBe(400);
    expect(page.body).toContain("&#60;script&#62;");
    expect(page.body).not.toContain("<script>");
    expect(origin).toBeUndefined();
    const records = await testSite.over(3);
    expect(records[0]?.failure?.message).toContain("contry");
  });

  test("for another hostname than one of localhost it is removed, not trusted", async () => {
    expect(await status("country=DE", { host: ELSEWHERE })).toBe(200);
    expect(await status("nonsense", { host: ELSEWHERE })).toBe(200);
    expect(origin?.headers["cf-connecting-ip"]).toBe("127.0.0.1");
    expect(origin?.raw.join("\n")).not.toMatch(/local.visitor/i);
  });

  test("F14: from a proxy on this machine it is removed, not trusted", async () => {
    await testSite.deploy(FIREWALL, [{ ref: "rule", expression: 'ip.src.country eq "DE"', action: "block" }]);
    const known = ["CF-Ray", "CF-Connecting-IP", "CDN-Loop", "X-Forwarded-For", "Forwarded", "Via"];
    // F14
    const others = ["X-Real-IP", "True-Client-IP", "X-Forwarded-Host", "X-Forwarded-Proto", "X_Forwarded_For"];
    for (const name of [...known, ...others]) {
      expect([name, await status("country=DE", { headers: { [name]: "1" } })]).toEqual([name, 200]);
    }
    expect(origin?.raw.join("\n")).not.toMatch(/local.visitor/i);
  });

  test("it counts for a loopback client on a loopback listener alone", () => {
    const trusts = (remoteAddress: string | undefined, localAddress: string | undefined, host = HOST) =>
      trustsLocalVisitor({ remoteAddress, localAddress } as never, host, []);
    for (const address of ["127.0.0.1", "127.8.9.1", "::1", "::ffff:127.0.0.1"])
      expect(trusts(address, address)).toBe(true);
    for (const address of [
      "192.168.1.5",
      "::ffff:192.168.1.5",
      "fe80::1%eth0",
      "::",
      "0.0.0.0",
      "1.127.0.0.1",
      undefined,
    ]) {
      expect([address, trusts(address, "127.0.0.1"), trusts("127.0.0.1", address)]).toEqual([address, false, false]);
    }
    for (const host of ["localhost", "a.localhost", "A.B.LOCALHOST."]) expect(trusts("::1", "::1", host)).toBe(true);
    for (const host of ["", "localhost.example.com", "notlocalhost", "127.0.0.1", "a..localhost"]) {
      expect([host, trusts("::1", "::1", host)]).toEqual([host, false]);
    }
  });

  test("a WebSocket's handshake is judged with it, and the origin does not see it", async () => {
    await testSite.deploy(FIREWALL, [{ ref: "rule", expression: 'ip.src.country eq "DE"', action: "block" }]);
    const handshake = (visitor: string) =>
      `GET / HTTP/1.1\r\nHost: ${HOST}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n` +
      `Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nLocal-Visitor: ${visitor}\r\n\r\n`;
    const head = async (visitor: string) =>
      (await testSite.raw(handshake(visitor), (text) => text.includes("\r\n\r\n"))).slice(0, 12);
    expect(await head("country=DE")).toBe("HTTP/1.1 403");
    expect(await head("country=FR; ip=203.0.113.7")).toBe("HTTP/1.1 200");
    expect(origin?.headers["cf-connecting-ip"]).toBe("203.0.113.7");
    expect(origin?.raw.join("\n")).not.toMatch(/local.visitor/i);
  });

  test("our connector gives it to no origin either, whatever edge it came from", async () => {
    const headers: [string, string][] = [
      ["Local-Visitor", "ip=192.0.2.1"],
      ["local_visitor", "ip=192.0.2.1"],
      ["x-a", "b"],
    ];
    const stream = testSite.tunnel.open(testSite.tunnelId, {
      method: "GET",
      path: "/",
      host: HOST,
      headers,
      body: false,
    });
    await stream?.response;
    stream?.destroy();
    expect(origin?.headers["x-a"]).toBe("b");
    expect(origin?.raw.join("\n")).not.toMatch(/local.visitor/i);
  });
});

test("A2: an edge with a visitor takes every client for that visitor; the header overrides its fields", async () => {
  const named = await open({
    ip: "198.18.2.1",
    userAgent: "Crawler/1",
    fields: { "ip.src.country": "US", "ip.src.asnum": 64498 },
  });
  try {
    const expression =
      'ip.src.country eq "US" and ip.src.asnum eq 64498 and http.user_agent eq "Crawler/1" and ip.src eq 198.18.2.1';
    await named.deploy(FIREWALL, [{ ref: "rule", expression, action: "block" }]);
    expect((await named.get("/", { headers: { "User-Agent": "curl/8" } })).status).toBe(403);
    expect((await named.get("/", { headers: { "Local-Visitor": "country=DE" } })).status).toBe(200);
    expect(origin?.headers).toMatchObject({ "cf-connecting-ip": "198.18.2.1", "user-agent": "Crawler/1" });
  } finally {
    await named.close();
  }
});
