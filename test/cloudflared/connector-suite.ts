import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { startCloudflared } from "../../cloudflared/index.ts";
import { within } from "../within.ts";
import { runConnector } from "./connector-command.ts";
import { type EdgeForTests, startEdgeForTests } from "./edge-for-tests.ts";

/** Tests of `npm run connector` and of `cloudflared/index.ts`, with the connector that the environment has. */
export function connectorSuite(name: string, env: Record<string, string>, kind: "causeway" | "cloudflared"): void {
  describe(name, () => {
    let testSite: EdgeForTests;
    const local = () => ({ edge: testSite.edge.address, caFile: testSite.edge.caFile });
    const localEnv = () => ({ ...env, TUNNEL_EDGE: testSite.edge.address, TUNNEL_CACERT: testSite.edge.caFile });

    beforeAll(async () => {
      testSite = await startEdgeForTests({ ingress: [{ service: "http_status:204" }] });
    });
    afterAll(() => testSite.close());

    test("the command prints when it is ready, serves, and Ctrl-C ends it with 0 after it has unregistered", async () => {
      const command = runConnector({ ...localEnv(), TUNNEL_TOKEN_FILE: testSite.tokenFile });
      const line = await command.ready;
      expect(line).toContain(kind === "causeway" ? "Causeway's own connector" : "cloudflared 20");
      const metrics = /http:\/\/(\S+)\/ready/.exec(line)?.[1];
      const read = async (path: string) => (await fetch(`http://${metrics}${path}`)).text();
      expect(JSON.parse(await within("/ready to respond", read("/ready")))).toMatchObject({ status: 200 });
      expect(await within("/metrics to respond", read("/metrics"))).toMatch(
        /^cloudflared_tunnel_ha_connections [1-4]$/m,
      );
      const stream = testSite.edge.open(testSite.tunnelId, {
        method: "GET",
        path: "/",
        host: "x",
        headers: [],
        body: false,
      });
      const response = await within("a response through the tunnel", Promise.resolve(stream?.response));
      expect(response?.status).toBe(204);
      command.signal("SIGINT");
      await testSite.until(0);
      const { code, output } = await command.ended;
      expect(code).toBe(0);
      expect(output).not.toContain(testSite.token);
    });

    test("a token that the edge refuses ends the command with 1 and says what to do", async () => {
      const { code, output } = await runConnector({ ...localEnv(), TUNNEL_TOKEN: testSite.wrongToken }).ended;
      expect(code).toBe(1);
      expect(output).toMatch(/connector: The edge does not accept .*get the token again/is);
      expect(output).not.toContain(testSite.wrongToken);
    });

    test("startConnector starts, reports its connections and stops; a second stop changes nothing", async () => {
      const lines: string[] = [];
      const connector = await startCloudflared({
        token: testSite.token,
        local: local(),
        env,
        log: (line) => lines.push(line),
        gracePeriodMs: 1_000,
      });
      expect(connector.kind).toBe(kind);
      expect(await connector.readyConnections()).toBeGreaterThan(0);
      await Promise.all([connector.stop(), connector.stop()]);
      expect(await connector.ended).toBeUndefined();
      expect(testSite.edge.connections(testSite.tunnelId)).toBe(0);
      expect(lines.join("\n")).not.toContain(testSite.token);
    });

    test("an authority that did not sign the edge's certificate is named as the problem", async () => {
      const other = await startEdgeForTests(null);
      const starting = startCloudflared({
        token: testSite.token,
        local: { ...local(), caFile: other.edge.caFile },
        env,
      });
      await expect(starting).rejects.toMatchObject({
        code: "EDGE_UNTRUSTED",
        message: expect.stringMatching(/ca\.pem/),
      });
      await other.close();
    });

    test("an origin that is down is explained once, in the output", async () => {
      const down = await startEdgeForTests({ ingress: [{ service: "http://127.0.0.1:1" }] });
      const lines: string[] = [];
      const { token, tunnelId, edge } = down;
      const explained = Promise.withResolvers<void>();
      const connector = await startCloudflared({
        token,
        local: { edge: edge.address, caFile: edge.caFile },
        env,
        gracePeriodMs: 1_000,
        log: (line) => {
          lines.push(line);
          if (line.includes("is the backend running")) explained.resolve();
        },
      });
      for (const path of ["/1", "/2"]) {
        const stream = edge.open(tunnelId, { method: "GET", path, host: "x", headers: [], body: false });
        const response = await within(`a response to ${path}`, Promise.resolve(stream?.response));
        expect(response).toMatchObject({ status: 502, from: "cloudflared" });
      }
      await within("the line that explains it", explained.promise, () => lines.join("\n"));
      await connector.stop();
      expect(lines.filter((line) => line.includes("is the backend running"))).toHaveLength(1);
      await down.close();
    });

    test("a certificate authority that cannot be read is a clear problem", async () => {
      const starting = startCloudflared({
        token: testSite.token,
        local: { ...local(), caFile: join(testSite.folder, "none.pem") },
        env,
        readyTimeoutMs: 5_000,
      });
      await expect(starting).rejects.toMatchObject({ code: "EDGE_UNTRUSTED" });
    });
  });
}
