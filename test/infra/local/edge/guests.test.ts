/** A guest behind the rules of its owner: what its surface has passes the edge; its own gateway refuses the rest. */
import { readFile } from "node:fs/promises";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { startConnector } from "../../../../infra/local/tunnel/connector/index.ts";
import { policyFor, type Site, SURFACE } from "../../../../infra/policy/index.ts";
import { startTestBackend, type TestBackend } from "../../../backend/test-backend.ts";
import { site as sample } from "../../policy/site.ts";
import { HOST, TestSite } from "./test-site.ts";

const GUEST = "staging.causeway.localhost";
/** An endpoint that the surface of the owner does not have. */
const NEW = "/api/openapi.json";

const owner: Site = {
  ...sample,
  zone: { name: "causeway.localhost" },
  hostnames: [HOST],
  guests: ["stag*.causeway.localhost"],
};

let testSite: TestSite;
let backend: TestBackend;
let connector: Awaited<ReturnType<typeof startConnector>>;
let reached: string[] = [];

beforeAll(async () => {
  backend = await startTestBackend();
  testSite = await TestSite.build((request, response) => {
    reached.push(`${request.method} ${request.url}`);
    response.end("owner");
  });
  const surface = { ...SURFACE, http: SURFACE.http.filter(({ path }) => path !== NEW) };
  for (const { phase, rules } of policyFor(owner, "free", surface).rulesets) {
    await testSite.deploy(
      phase,
      rules.map(({ source: _, ...rule }) => rule),
    );
  }
  const tunnels = `/accounts/${testSite.api.accountId}/cfd_tunnel`;
  const { id } = (await testSite.call("POST", tunnels, { name: "guest", config_src: "cloudflare" })) as { id: string };
  const ingress = [{ hostname: GUEST, service: backend.backend.url }, { service: "http_status:404" }];
  await testSite.call("PUT", `${tunnels}/${id}/configurations`, { config: { ingress } });
  await testSite.record(GUEST, "CNAME", `${id}.cfargotunnel.com`);
  connector = await startConnector({
    token: String(await testSite.call("GET", `${tunnels}/${id}/token`)),
    edge: [testSite.tunnel.address],
    ca: await readFile(testSite.tunnel.caFile, "utf8"),
    gracePeriodMs: 100,
  });
  await connector.ready;
});
afterAll(async () => {
  await connector?.stop();
  await testSite?.close();
  await backend?.stop();
});

/** The status, and the rule of the edge that decided. */
async function ask(host: string, path: string, method = "GET"): Promise<readonly [number, string | undefined]> {
  testSite.records.length = 0;
  const { status } = await testSite.get(path, { host, method });
  const [record] = await testSite.over(1);
  return [status, record?.verdict?.by?.ref];
}

test("an endpoint that only the guest has passes the edge there, and is blocked at the host of the owner", async () => {
  reached = [];
  expect(await ask(GUEST, NEW)).toEqual([200, undefined]);
  expect(await ask(HOST, NEW)).toEqual([403, "not_in_surface"]);
  expect(reached).toEqual([]);
  expect(await ask(HOST, "/")).toEqual([200, undefined]);
  expect(reached).toEqual(["GET /"]);
});

test("what the surface of the guest lacks is refused by its own gateway", async () => {
  expect(await ask(GUEST, "/api/nothing")).toEqual([404, undefined]);
  expect(await ask(GUEST, NEW, "DELETE")).toEqual([404, undefined]);
});

test("the other rules of the owner bind the guest", async () => {
  expect(await ask(GUEST, "/.env")).toEqual([403, "scanner_paths"]);
  expect(await ask(GUEST.toUpperCase(), "/wp-login.php")).toEqual([403, "scanner_paths"]);
});
