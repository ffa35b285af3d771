/** Tunnels: names, secrets, soft deletion, connections, configurations. */
import { describe, expect, test } from "@jest/globals";
import type { LocalApi, StoredConnection } from "../../../../infra/local/api/index.ts";
import { type Reply, withApi } from "./client.ts";

const base = (api: LocalApi) => `/accounts/${api.accountId}/cfd_tunnel`;
const failure = (reply: Reply) => [reply.status, reply.body.errors[0]?.code];

function connection(index: number): StoredConnection {
  return {
    id: `00000000-0000-4000-8000-00000000000${index}`,
    client_id: "00000000-0000-4000-8000-0000000000ff",
    client_version: "2026.8.2",
    colo_name: "LOC01",
    origin_ip: "127.0.0.1",
    opened_at: `2026-11-22T10:00:0${index}.000Z`,
    is_pending_reconnect: false,
  };
}
const fourConnections = [0, 1, 2, 3].map(connection);

test("two live tunnels cannot share a name: 409 that must not be tried again; a deleted one's name is free", async () => {
  await withApi({}, async (api, call) => {
    const { body } = await call("POST", base(api), { name: "one" });
    const second = await call("POST", base(api), { name: "one" });
    expect([...failure(second), second.headers.get("x-should-retry")]).toEqual([409, 1013, "false"]);
    await call("DELETE", `${base(api)}/${body.result.id}`);
    expect((await call("POST", base(api), { name: "one" })).status).toBe(200);
    expect((await call("GET", `${base(api)}?name=one&is_deleted=false`)).body.result).toHaveLength(1);
    expect((await call("GET", `${base(api)}?name=one`)).body.result).toHaveLength(2);
  });
});

test("a deleted tunnel stays readable by id and takes no more changes", async () => {
  await withApi({}, async (api, call) => {
    const { body } = await call("POST", base(api), { name: "one", config_src: "cloudflare" });
    const path = `${base(api)}/${body.result.id}`;
    await call("DELETE", path, {});
    expect((await call("GET", path)).body.result.deleted_at).not.toBeNull();
    expect(api.cloud.tunnel(body.result.id)?.deletedAt).not.toBeNull();
    expect(failure(await call("PATCH", path, { name: "two" }))).toEqual([404, 1003]);
    expect(failure(await call("PUT", `${path}/configurations`, { config: {} }))).toEqual([404, 1003]);
    expect(failure(await call("GET", `${path}/token`))).toEqual([404, 1003]);
    expect(failure(await call("DELETE", path))).toEqual([404, 1003]);
  });
});

test("the token holds the account, the tunnel and a secret of 32 bytes, and a new secret makes a new token", async () => {
  await withApi({}, async (api, call) => {
    const { body } = await call("POST", base(api), { name: "one" });
    const path = `${base(api)}/${body.result.id}`;
    expect(JSON.stringify(body)).not.toContain("secret");
    const tokenOf = async () =>
      JSON.parse(Buffer.from(String((await call("GET", `${path}/token`)).body.result), "base64").toString());
    const first = await tokenOf();
    expect(first).toEqual({ a: api.accountId, t: body.result.id, s: expect.any(String) });
    expect(Buffer.from(first.s, "base64")).toHaveLength(32);
    const secret = Buffer.alloc(32, 9).toString("base64");
    expect((await call("PATCH", path, { tunnel_secret: secret })).status).toBe(200);
    expect((await tokenOf()).s).toBe(secret);
    expect(api.cloud.tunnel(body.result.id)?.secret).toEqual(Buffer.alloc(32, 9));
    for (const weak of ["short", Buffer.alloc(31).toString("base64"), "A".repeat(70_000), 7]) {
      expect(failure(await call("PATCH", path, { tunnel_secret: weak }))).toEqual([400, 1002]);
    }
  });
});

test("P10: a tunnel's connections have a path of their own, and are not part of the tunnel", async () => {
  await withApi({}, async (api, call) => {
    const made = await call("POST", base(api), { name: "one" });
    const { id } = made.body.result;
    api.cloud.reportConnections(id, fourConnections);
    const list = await call("GET", base(api));
    const shown = [
      made,
      await call("GET", `${base(api)}/${id}`),
      await call("PATCH", `${base(api)}/${id}`, { name: "two" }),
    ];
    for (const tunnel of [...shown.map(({ body }) => body.result), ...(list.body.result as unknown as object[])]) {
      expect(tunnel).not.toHaveProperty("connections");
      expect(tunnel).toHaveProperty("status");
    }
    expect((await call("GET", `${base(api)}/${id}/connections`)).body.result).toHaveLength(1);
  });
});

test("the edge's connections make the status, keep the tunnel from deletion, and are dropped on request", async () => {
  let now = Date.parse("2026-11-22T10:00:00Z");
  await withApi({ clock: () => now }, async (api, call) => {
    const { body } = await call("POST", base(api), { name: "one" });
    const id = body.result.id;
    const shown = async () => (await call("GET", `${base(api)}/${id}`)).body.result;
    expect(await shown()).toMatchObject({
      status: "inactive",
      conns_active_at: null,
      conns_inactive_at: "2026-11-22T10:00:00.000Z",
    });
    now += 1000;
    api.cloud.reportConnections(id, fourConnections.slice(0, 1));
    expect(await shown()).toMatchObject({
      status: "degraded",
      conns_active_at: "2026-11-22T10:00:01.000Z",
      conns_inactive_at: null,
    });
    now += 1000;
    api.cloud.reportConnections(id, fourConnections);
    expect(await shown()).toMatchObject({
      status: "healthy",
      conns_active_at: "2026-11-22T10:00:01.000Z",
    });
    expect((await call("GET", `${base(api)}/${id}/connections`)).body.result).toMatchObject([
      {
        id: fourConnections[0]?.client_id,
        version: "2026.8.2",
        run_at: "2026-11-22T10:00:00.000Z",
        conns: [{}, {}, {}, {}],
      },
    ]);
    expect(failure(await call("DELETE", `${base(api)}/${id}`))).toEqual([400, 1022]);
    const disconnected: string[] = [];
    const stop = api.cloud.onDisconnect((tunnelId) => {
      disconnected.push(tunnelId);
      api.cloud.reportConnections(tunnelId, []);
    });
    expect((await call("DELETE", `${base(api)}/${id}/connections`)).status).toBe(200);
    stop();
    await call("DELETE", `${base(api)}/${id}/connections`);
    expect(disconnected).toEqual([id]);
    expect(await shown()).toMatchObject({
      status: "down",
      conns_inactive_at: "2026-11-22T10:00:02.000Z",
    });
    expect((await call("DELETE", `${base(api)}/${id}`)).status).toBe(200);
  });
});

test("each configuration is a new version that is reported to listeners; before the first there is none", async () => {
  await withApi({}, async (api, call) => {
    const { body } = await call("POST", base(api), { name: "one", config_src: "cloudflare" });
    const id = body.result.id;
    const path = `${base(api)}/${id}/configurations`;
    expect((await call("GET", path)).body.result).toMatchObject({ version: 0, config: null, source: "cloudflare" });
    const reported: unknown[] = [];
    const stop = api.cloud.onChange((change) =>
      reported.push([change.kind, change.id, api.cloud.tunnel(change.id)?.version]),
    );
    const ingress = [
      { hostname: "chat.causeway.localhost", service: "http://127.0.0.1:3000" },
      { service: "http_status:404" },
    ];
    expect((await call("PUT", path, { config: { ingress } })).body.result).toMatchObject({
      version: 1,
      config: { ingress },
    });
    expect((await call("PUT", path, { config: { ingress: ingress.slice(1) } })).body.result.version).toBe(2);
    stop();
    await call("PUT", path, { config: {} });
    expect(reported).toEqual([
      ["tunnel", id, 1],
      ["tunnel", id, 2],
    ]);
    // exactly what was sent: no empty originRequest, no warp-routing
    expect(api.cloud.tunnel(id)?.config).toEqual({});
  });
});

describe("a configuration that a connector would refuse is refused with code 1056", () => {
  const last = { service: "http_status:404" };
  const cases: [string, object][] = [
    ["no catch-all", { ingress: [{ hostname: "a.example.com", service: "http://127.0.0.1:1" }] }],
    ["a catch-all that is not last", { ingress: [last, last] }],
    ["no scheme", { ingress: [{ service: "127.0.0.1:3000" }] }],
    ["an unknown scheme", { ingress: [{ service: "gopher://x" }] }],
    ["a path in the service", { ingress: [{ service: "http://127.0.0.1:3000/api" }] }],
    ["a wildcard inside", { ingress: [{ hostname: "a.*.example.com", service: "http://127.0.0.1:1" }, last] }],
    ["a port in the hostname", { ingress: [{ hostname: "a.example.com:80", service: "http://127.0.0.1:1" }, last] }],
    ["a status that is none", { ingress: [{ service: "http_status:999" }] }],
    ["an unknown origin setting", { ingress: [{ ...last, originRequest: { connectTimeOut: 5 } }] }],
    ["a duration that is text", { ingress: [{ ...last, originRequest: { connectTimeout: "5s" } }] }],
  ];
  test.each(cases)("%s", async (_name, config) => {
    await withApi({}, async (api, call) => {
      const { body } = await call("POST", base(api), { name: "one" });
      const path = `${base(api)}/${body.result.id}/configurations`;
      expect(failure(await call("PUT", path, { config }))).toEqual([400, 1056]);
      expect((await call("GET", path)).body.result.version).toBe(0);
    });
  });
});
