/** What every call goes through: token, permissions, route, body, envelope, faults. */
import { connect } from "node:net";
import { describe, expect, test } from "@jest/globals";
import { permissionGroups } from "../../../../infra/local/api/index.ts";
import { blockRule, callApi, customRules, proZone, sdk, withApi } from "./client.ts";

const codesOf = (reply: { body: { errors: { code: number }[] } }) => reply.body.errors.map(({ code }) => code);

test("a call without a token, with a malformed header or with a wrong token is refused as Cloudflare refuses it", async () => {
  await withApi({}, async (api, call) => {
    const none = await callApi(api, "GET", "/zones");
    expect([none.status, codesOf(none), none.body.success, none.body.result]).toEqual([400, [9106], false, null]);
    const response = await fetch(`${api.url}/zones`, { headers: { authorization: "Basic eDp5" } });
    expect([response.status, await response.json()]).toMatchObject([400, { errors: [{ code: 6003 }, { code: 6111 }] }]);
    const wrong = await call("GET", "/zones", undefined, "x".repeat(40));
    expect([wrong.status, codesOf(wrong)]).toEqual([403, [9109]]);
    const unverified = await call("GET", "/user/tokens/verify", undefined, "x".repeat(40));
    expect([unverified.status, codesOf(unverified)]).toEqual([401, [1000]]);
    await expect(sdk(api, `${api.token.slice(0, -1)}~`).zones.get({ zone_id: api.zoneId })).rejects.toThrow("403");
  });
});

describe("a token may do what its permission groups say", () => {
  test("each write needs its own group, and Read does not write", async () => {
    await withApi({ seed: proZone }, async (api, call) => {
      const zone = `/zones/${api.zoneId}`;
      const tunnels = `/accounts/${api.accountId}/cfd_tunnel`;
      const calls: [string, string, unknown, (typeof permissionGroups)[number]][] = [
        ["GET", "/zones?name=example.com", undefined, "Zone Read"],
        ["GET", zone, undefined, "Zone Read"],
        ["GET", `${zone}/settings/ssl`, undefined, "Zone Settings Read"],
        ["PATCH", `${zone}/settings/ssl`, { value: "strict" }, "Zone Settings Write"],
        ["GET", `${zone}/dns_records`, undefined, "DNS Read"],
        ["POST", `${zone}/dns_records`, { type: "A", name: "a", content: "192.0.2.1" }, "DNS Write"],
        ["POST", `${zone}/rulesets`, customRules([blockRule]), "Zone WAF Write"],
        ["GET", `${zone}/rulesets/phases/http_request_firewall_custom/entrypoint`, undefined, "Zone WAF Read"],
        ["PUT", `${zone}/rulesets/phases/http_config_settings/entrypoint`, { rules: [] }, "Config Settings Write"],
        [
          "PUT",
          `${zone}/rulesets/phases/http_request_late_transform/entrypoint`,
          { rules: [] },
          "Zone Transform Rules Write",
        ],
        ["GET", tunnels, undefined, "Cloudflare Tunnel Read"],
        ["POST", tunnels, { name: "t" }, "Cloudflare Tunnel Write"],
      ];
      for (const [method, path, body, group] of calls) {
        const others = permissionGroups.filter((other) => other !== group && other !== group.replace("Read", "Write"));
        const refused = await call(method, path, body, api.issueToken(others));
        expect([method, path, refused.status, codesOf(refused)]).toEqual([method, path, 403, [10000]]);
        // P10: the permission that is missing, and where it is documented
        expect(refused.body.errors[0]).toMatchObject({
          message: `Authentication error: the token needs the permission "${group}"`,
          documentation_url: expect.stringMatching(/^https:\/\/developers\.cloudflare\.com\//),
        });
        expect((await call(method, path, body, api.issueToken([group]))).status).toBe(200);
      }
    });
  });

  test("an API token that may only read tunnels does not get a tunnel's token", async () => {
    await withApi({}, async (api, call) => {
      const { body } = await call("POST", `/accounts/${api.accountId}/cfd_tunnel`, { name: "t" });
      const path = `/accounts/${api.accountId}/cfd_tunnel/${body.result.id}/token`;
      expect((await call("GET", path, undefined, api.issueToken(["Cloudflare Tunnel Read"]))).status).toBe(403);
      expect((await call("GET", path)).status).toBe(200);
    });
  });
});

test("paths that lead nowhere are 404 with code 7003, wrong methods 405 with the right ones", async () => {
  await withApi({}, async (api, call) => {
    const unknownId = "0".repeat(32);
    for (const path of [
      "/nothing",
      `/zones/${unknownId}`,
      `/zones/${unknownId}/dns_records`,
      `/accounts/${unknownId}/cfd_tunnel`,
      `/zones/${api.zoneId}/../x`,
      "/zones/",
    ]) {
      const reply = await call("GET", path);
      expect([path, reply.status, codesOf(reply)]).toEqual([path, 404, [7003]]);
    }
    const wrong = await call("DELETE", `/zones/${api.zoneId}`);
    expect([wrong.status, wrong.headers.get("allow")]).toEqual([405, "GET"]);
    const outside = await fetch(api.url.replace("/client/v4", "/zones"), {
      headers: { authorization: `Bearer ${api.token}` },
    });
    expect(outside.status).toBe(404);
  });
});

test("a body that is no JSON, too large, too deep or not expected is refused, and the API goes on", async () => {
  await withApi({}, async (api, call) => {
    const path = `/accounts/${api.accountId}/cfd_tunnel`;
    for (const body of [
      "{",
      "[1,",
      '{"name":"a"',
      "\u0000",
      '{"__proto__":{"name":"a"}}',
      `${"[".repeat(100_000)}`,
      `{"name":${"[".repeat(40)}${"]".repeat(40)}}`,
    ]) {
      const reply = await call("POST", path, body);
      expect([reply.status, codesOf(reply)]).toEqual([400, [6007]]);
    }
    const huge = await call("POST", path, `{"name":"${"a".repeat(9 * 1024 * 1024)}"}`).catch((error: Error) => error);
    // the answer may be lost when the connection is closed on an unread body
    expect(huge instanceof Error ? "closed" : huge.status).toEqual(huge instanceof Error ? "closed" : 413);
    expect((await call("POST", path)).status).toBe(400);
    expect((await call("DELETE", `/zones/${api.zoneId}/dns_records/${"0".repeat(32)}`, { a: 1 })).status).toBe(400);
    for (const body of [null, 7, "text", [], { nam: "a" }, { name: 7 }, { name: "" }]) {
      const reply = await call("POST", path, JSON.stringify(body));
      expect([reply.status, codesOf(reply)]).toEqual([400, [1002]]);
    }
    expect((await call("GET", path)).body).toMatchObject({
      success: true,
      result: [],
      result_info: { total_count: 0 },
    });
  });
});

test("garbage on the port does not stop the API", async () => {
  await withApi({}, async (api, call) => {
    const port = Number(new URL(api.url).port);
    for (const bytes of [
      "\u0016\u0003\u0001garbage\r\n\r\n",
      "GET / HTTP/1.1\r\n\r\n",
      "POST /client/v4/zones HTTP/1.1\r\nhost: x\r\ncontent-length: 99\r\n\r\n{",
    ]) {
      await new Promise<void>((resolve) => {
        const socket = connect(port, "127.0.0.1", () => socket.end(bytes));
        socket.on("error", () => undefined);
        socket.on("close", () => resolve());
        socket.resume();
      });
    }
    expect((await call("GET", "/user/tokens/verify")).status).toBe(200);
  });
});

test("pages are cut as asked, empty past the end, and bounded", async () => {
  await withApi({}, async (api, call) => {
    const records = `/zones/${api.zoneId}/dns_records`;
    for (const name of ["a", "b", "c"]) await call("POST", records, { type: "TXT", name, content: name });
    const page = await call("GET", `${records}?page=2&per_page=2`);
    expect([page.body.result, page.body.result_info]).toMatchObject([
      [{ name: "c.causeway.localhost" }],
      { page: 2, per_page: 2, count: 1, total_count: 3, total_pages: 2 },
    ]);
    expect((await call("GET", `${records}?page=3&per_page=2`)).body.result).toEqual([]);
    for (const query of ["page=0", "per_page=-1", "page=x", "per_page=1e3"])
      expect((await call("GET", `${records}?${query}`)).status).toBe(400);
  });
});

describe("faults on demand", () => {
  test("respond with a status, headers and code as often as asked, then no more", async () => {
    await withApi({}, async (api, call) => {
      api.faults.next(
        { method: "GET", path: /^\/zones/ },
        { status: 429, code: 971, message: "Please wait", headers: { "retry-after": "0" } },
        2,
      );
      const first = await call("GET", "/zones");
      expect([first.status, codesOf(first), first.headers.get("retry-after")]).toEqual([429, [971], "0"]);
      expect((await call("GET", "/user/tokens/verify")).status).toBe(200);
      expect((await call("GET", "/zones")).status).toBe(429);
      expect((await call("GET", "/zones")).status).toBe(200);
    });
  });

  test("cut leaves the call undone; lost does the call and sends no response", async () => {
    await withApi({}, async (api, call) => {
      const path = `/accounts/${api.accountId}/cfd_tunnel`;
      api.faults.next({ method: "POST" }, "cut");
      await expect(call("POST", path, { name: "one" })).rejects.toThrow();
      expect((await call("GET", path)).body.result).toEqual([]);
      api.faults.next({ method: "POST" }, "lost");
      await expect(call("POST", path, { name: "two" })).rejects.toThrow();
      expect((await call("GET", path)).body.result).toMatchObject([{ name: "two" }]);
      expect(api.journal.map(({ method, status }) => [method, status])).toEqual([
        ["POST", 0],
        ["GET", 200],
        ["POST", 0],
        ["GET", 200],
      ]);
    });
  });
});

test("the journal has the calls that were made, without secrets", async () => {
  await withApi({}, async (api, call) => {
    const secret = Buffer.alloc(32, 7).toString("base64");
    await call("POST", `/accounts/${api.accountId}/cfd_tunnel`, { name: "t", tunnel_secret: secret });
    expect(api.journal).toEqual([
      {
        method: "POST",
        path: `/accounts/${api.accountId}/cfd_tunnel`,
        status: 200,
        body: { name: "t", tunnel_secret: "<secret>" },
      },
    ]);
    expect(JSON.stringify(api.journal)).not.toContain(secret);
  });
});

test("it listens on the loopback only, and a taken port is an error", async () => {
  await withApi({}, async (api) => {
    expect(new URL(api.url).hostname).toBe("127.0.0.1");
    const port = Number(new URL(api.url).port);
    await expect(withApi({ port }, async () => undefined)).rejects.toMatchObject({ code: "EADDRINUSE" });
  });
});
