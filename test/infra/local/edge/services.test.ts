/** Two backends of this kit and another origin behind one connector: each gets its requests, and nothing else. */
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { apiRule, policyFor, type Site } from "../../../../infra/policy/index.ts";
import { callOverSockets, registerUser } from "../../../../scripts/rehearsal/visitors.ts";
import { startTestBackend, type TestBackend } from "../../../backend/test-backend.ts";
import { site as sample } from "../../policy/site.ts";
import { HOST, TestSite } from "./test-site.ts";

const TEAM = "team.causeway.localhost";

let testSite: TestSite;
let backends: readonly TestBackend[] = [];
let reached: string[] = [];

beforeAll(async () => {
  testSite = await TestSite.build(
    (request, response) => {
      reached.push(`${request.headers.host} ${request.url}`);
      response.end("tools");
    },
    { edge: { plainPort: 0 } },
  );
  const { port } = testSite.edge;
  backends = await Promise.all(
    [HOST, TEAM].map((hostname) => startTestBackend({ config: { ORIGINS: `http://${hostname}:${port}` } })),
  );
  const [chat = "", team = ""] = backends.map(({ backend }) => backend.url);
  const { port: toolsPort } = testSite.origin.address() as { port: number };
  const site: Site = {
    ...sample,
    zone: { name: "causeway.localhost" },
    hostnames: [HOST],
    origin: chat,
    services: [
      { hostname: TEAM, origin: team },
      { hostname: HOST, path: "/tools", origin: `http://127.0.0.1:${toolsPort}` },
    ],
  };
  const { rulesets, ingress } = policyFor(site, "free");
  for (const { phase, rules } of rulesets) await testSite.deploy(phase, rules.map(apiRule));
  await testSite.stopConnector();
  await testSite.call("PUT", `/accounts/${testSite.api.accountId}/cfd_tunnel/${testSite.tunnelId}/configurations`, {
    config: { ingress },
  });
  await testSite.record(TEAM, "CNAME", `${testSite.tunnelId}.cfargotunnel.com`);
  await testSite.startConnector();
});
afterAll(async () => {
  await testSite?.close();
  for (const backend of backends) await backend.stop();
});

/** Who responded: a rule of the edge, the gateway of a backend, or the origin of the service. */
async function responder(host: string, path: string): Promise<string> {
  testSite.records.length = 0;
  const { status, body } = await testSite.get(path, { host });
  const [record] = await testSite.over(1);
  return record?.verdict?.by?.ref ?? (body === "tools" ? body : `gateway ${status}`);
}

test.each([
  [HOST, "/", "gateway 200"],
  [HOST, "/api/nothing", "not_in_surface"],
  [HOST, "/tools", "tools"],
  [HOST, "/tools/a%2Fb?c", "tools"],
  [HOST, "/toolshed", "not_in_surface"],
  [HOST, "/Tools/", "not_in_surface"],
  [HOST, "//tools/", "not_in_surface"],
  [HOST, "/x/../tools/", "not_in_surface"],
  [HOST, "/tools/../api/nothing", "not_in_surface"],
  [HOST, "/tools/%2e%2e/api/nothing", "not_in_surface"],
  [HOST, "/tools/..%2fapi/nothing", "not_in_surface"],
  [HOST, "/tools%2f../api/nothing", "not_in_surface"],
  [HOST, "/tools/..\\api\\nothing", "not_in_surface"],
  [TEAM, "/", "gateway 200"],
  [TEAM, "/api/nothing", "gateway 404"],
  [TEAM, "/tools", "gateway 404"],
  [TEAM, "/.env", "scanner_paths"],
])("%s%s", async (host, path, expected) => {
  reached = [];
  expect(await responder(host, path)).toBe(expected);
  expect(reached).toEqual(expected === "tools" ? [`${host} ${path}`] : []);
});

test("over plain HTTP the page of the second backend leads to TLS, and a password is refused", async () => {
  const page = await testSite.get("/", { host: TEAM, plain: true });
  expect([page.status, page.headers.location]).toEqual([301, `https://${TEAM}/`]);
  expect((await testSite.get("/api/auth/login", { host: TEAM, plain: true, method: "POST" })).status).toBe(403);
});

test("users of two backends register and call over sockets, each at their own", async () => {
  const { port } = testSite.edge;
  const [ofChat, ofTeam] = [await registerUser(port, HOST, "ada"), await registerUser(port, TEAM, "ada")];
  await callOverSockets(port, HOST, [ofChat]);
  await callOverSockets(port, TEAM, [ofTeam]);
  await expect(callOverSockets(port, TEAM, [ofChat])).rejects.toThrow("the socket was refused");
});
