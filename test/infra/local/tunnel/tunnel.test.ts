import { readFile } from "node:fs/promises";
import { startConnector } from "../../../../infra/local/tunnel/connector.ts";
import { tunnelSuite } from "./tunnel-suite.ts";

tunnelSuite("the tunnel with our own connector", async ({ token, edge, caFile, gracePeriod }) => {
  const connector = await startConnector({ token, edge: [edge], ca: await readFile(caFile, "utf8"), gracePeriod });
  return {
    ready: connector.ready,
    readyConnections: async () => connector.readyConnections,
    async stop() {
      await connector.stop();
      return 0;
    },
  };
});
