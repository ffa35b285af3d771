/** Services behind the same tunnel: their hostnames are held against the account like those of the gateway. */
import { expect, test } from "@jest/globals";
import { policyFor, type Site } from "../../../infra/policy/index.ts";
import { preflight } from "../../../infra/preflight/index.ts";
import { serviceObstacles } from "../../../infra/preflight/services.ts";
import { rulesetBody } from "../../../infra/resources/compile.ts";
import { allowWritesSoFar, api, client, obstaclesOf, site, start } from "./account-stage.ts";

const origin = "http://10.0.0.5:3000";
const withServices: Site = {
  ...site,
  services: [
    { hostname: "status.example.com", origin },
    { hostname: "chat.example.com", path: "/grafana", origin },
  ],
};

test("a record and a missing certificate of a service's hostname are told with the line to adopt", async () => {
  const cloudflare = await start();
  expect((await preflight(cloudflare, withServices, {})).warnings).toEqual([]);
  const taken = { type: "CNAME", name: "status.example.com", content: "shop.example.net", ttl: 1 } as const;
  const { id } = await cloudflare.dns.records.create({ zone_id: api.zoneId, ...taken });
  allowWritesSoFar();
  const deep = [{ hostname: "a.b.example.com", origin }, ...(withServices.services ?? [])];
  expect(await obstaclesOf(cloudflare, { ...withServices, services: deep })).toMatchObject([
    { code: "record_taken", adopt: { records: { "status.example.com": id } } },
    { code: "certificate_missing", found: expect.stringContaining("a.b.example.com") },
  ]);
  const adopt = { records: { "status.example.com": id ?? "" }, rulesets: {} };
  const { imports } = await preflight(cloudflare, { ...withServices, adopt }, {});
  expect(imports).toEqual({ "status.example.com": `${api.zoneId}/${id}` });
});

test("the owner's rules must bind the services of a guest", async () => {
  const cloudflare = await start();
  const owner: Site = { ...site, stack: "prod", guests: ["staging.example.com"] };
  const guest: Site = { ...withServices, stack: "staging", role: "guest", hostnames: ["staging.example.com"] };
  const deploy = async (of: Site) => {
    for (const ruleset of policyFor(of, "free").rulesets)
      await cloudflare.post(`/zones/${api.zoneId}/rulesets`, { body: rulesetBody(ruleset, of) });
    allowWritesSoFar();
  };
  await deploy(owner);
  const services: Site["services"] = [{ hostname: "status.example.com", origin }];
  expect(await obstaclesOf(cloudflare, { ...guest, services })).toMatchObject([
    { code: "guest_not_named", found: expect.stringContaining("do not bind status.example.com") },
  ]);
  await api.close();
  const other = await start();
  for (const ruleset of policyFor({ ...owner, guests: ["*.example.com"] }, "free").rulesets)
    await other.post(`/zones/${api.zoneId}/rulesets`, { body: rulesetBody(ruleset, owner) });
  const { policy } = await preflight(client(), { ...guest, services }, {});
  expect(policy.ingress.map(({ hostname }) => hostname)).toEqual([
    "status.example.com",
    "staging.example.com",
    undefined,
  ]);
});

test("a service takes no path from the surface of the backend", async () => {
  const surface = {
    http: [{ method: "GET", path: "/api/files/:name", rate: "read" }],
    assets: ["/", "/app.js"],
    socketPath: "/socket.io/",
    rates: {},
  } as never;
  const obstacles = (path: string, hostname = "chat.example.com") =>
    serviceObstacles({ hostnames: site.hostnames, services: [{ hostname, path, origin }] }, surface);
  expect(obstacles("/api")).toEqual([
    {
      code: "service_path_taken",
      found:
        "the service at chat.example.com/api would take /api/files/:name from the backend, which has it in its surface",
      fix: expect.stringContaining("another path"),
    },
  ]);
  for (const path of ["/api/files", "/api/files/grafana", "/socket.io", "/app.js"])
    expect(obstacles(path)).toHaveLength(1);
  for (const path of ["/api/file", "/api/files/grafana/x", "/app.jsx", "/grafana"]) expect(obstacles(path)).toEqual([]);
  expect(obstacles("/api", "status.example.com")).toEqual([]);
  const cloudflare = await start();
  const services: Site["services"] = [{ hostname: "chat.example.com", path: "/api", origin }];
  expect(await obstaclesOf(cloudflare, { ...site, services })).toMatchObject([{ code: "service_path_taken" }]);
});
