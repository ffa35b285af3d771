import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { startCloudflared } from "../../cloudflared/index.ts";
import { within } from "../within.ts";
import { runConnector } from "./connector-command.ts";
import { type EdgeForTests, startEdgeForTests } from "./edge-for-tests.ts";

/** What `npm run connector` and the front door do, with whichever connector the environment has. */
export function connectorSuite(name: string, env: Record<string, string>, kind: "causeway" | "cloudflared"): void {
  describe(name, () => {
    let house: EdgeForTests;
    const local = () => ({ edge: house.edge.address, caFile: house.edge.caFile });
    const localEnv = () => ({ ...env, TUNNEL_EDGE: house.edge.address, TUNNEL_CACERT: house.edge.caFile });

    beforeAll(async () => {
      house = await startEdgeForTests({ ingress: [{ service: "http_status:204" }] });
    });
    afterAll(() => house.close());

    test("the command says when it is ready, serves, and Ctrl-C ends it with 0 after it has unregistered", async () => {
      const command = runConnector({ ...localEnv(), TUNNEL_TOKEN_FILE: house.tokenFile });
      const line = await command.ready;
      expect(line).toContain(kind === "causeway" ? "Causeway's own connector" : "cloudflared 20");
      const metrics = /http:\/\/(\S+)\/ready/.exec(line)?.[1];
      const read = async (path: string) => (await fetch(`http://${metrics}${path}`)).text();
      expect(JSON.parse(await within("/ready to respond", read("/ready")))).toMatchObject({ status: 200 });
      expect(await within("/metrics to respond", read("/metrics"))).toMatch(
        /^cloudflared_tunnel_ha_connections [1-4]$/m,
      );
      const stream = house.edge.open(house.tunnelId, { method: "GET", path: "/", host: "x", headers: [], body: false });
      const response = await within("a response through the tunnel", Promise.resolve(stream?.response));
      expect(response?.status).toBe(204);
      command.signal("SIGINT");
      await house.until(0);
      const { code, output } = await command.ended;
      expect(code).toBe(0);
      expect(output).not.toContain(house.token);
    });

    test("a token that the edge does not take ends the command with 1 and what to do", async () => {
      const { code, output } = await runConnector({ ...localEnv(), TUNNEL_TOKEN: house.wrongToken }).ended;
      expect(code).toBe(1);
      expect(output).toMatch(/connector: The edge does not accept .*get the token again/is);
      expect(output).not.toContain(house.wrongToken);
    });

    test("the front door starts, tells its connections and stops; twice is once", async () => {
      const lines: string[] = [];
      const connector = await startCloudflared({
        token: house.token,
        local: local(),
        env,
        log: (line) => lines.push(line),
        gracePeriod: 1_000,
      });
      expect(connector.kind).toBe(kind);
      expect(await connector.readyConnections()).toBeGreaterThan(0);
      await Promise.all([connector.stop(), connector.stop()]);
      expect(await connector.ended).toBeUndefined();
      expect(house.edge.connections(house.tunnelId)).toBe(0);
      expect(lines.join("\n")).not.toContain(house.token);
    });

    test("an authority that did not sign the edge's certificate is said to be the problem", async () => {
      const other = await startEdgeForTests(null);
      const starting = startCloudflared({ token: house.token, local: { ...local(), caFile: other.edge.caFile }, env });
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
        gracePeriod: 1_000,
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
        token: house.token,
        local: { ...local(), caFile: join(house.folder, "none.pem") },
        env,
        readyTimeout: 5_000,
      });
      await expect(starting).rejects.toMatchObject({ code: "EDGE_UNTRUSTED" });
    });
  });
}
