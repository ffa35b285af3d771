import { readFile } from "node:fs/promises";
import { startConnector } from "../../../../infra/local/tunnel/connector/index.ts";
import type { StartWith } from "./tunnel-suite.ts";

/** Our own connector. */
export const ownConnector: StartWith = async ({ token, edge, caFile, gracePeriod: gracePeriodMs }) => {
  const connector = await startConnector({ token, edge: [edge], ca: await readFile(caFile, "utf8"), gracePeriodMs });
  return {
    ready: connector.ready,
    readyConnections: async () => connector.readyConnections,
    async stop() {
      await connector.stop();
      return 0;
    },
  };
};
