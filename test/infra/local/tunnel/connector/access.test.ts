import { readFile } from "node:fs/promises";
import { jest } from "@jest/globals";
import { startConnector } from "../../../../../infra/local/tunnel/connector/index.ts";
import { TestTeam } from "../../../../backend/assertions/test-team.ts";
import { accessSuite } from "../access-suite.ts";

const realNow = Date.now.bind(Date);

accessSuite("our own connector checks Access", async (...keys) => {
  const team = await TestTeam.start(...keys);
  let later = 0;
  return {
    isStrict: true,
    async startWith({ token, edge, caFile, gracePeriod: gracePeriodMs }) {
      const ca = await readFile(caFile, "utf8");
      const connector = await startConnector({
        ...{ token, edge: [edge], ca, gracePeriodMs, accessCertificates: team.url },
      });
      return {
        ready: connector.ready,
        readyConnections: async () => connector.readyConnections,
        stop: async () => {
          await connector.stop();
          return 0;
        },
      };
    },
    rotateTo(...next) {
      team.rotateTo(...next);
      // our own connector asks for an unknown key once in 30 s
      later += 31_000;
      jest.spyOn(Date, "now").mockImplementation(() => realNow() + later);
    },
    async close() {
      jest.restoreAllMocks();
      await team.stop();
    },
  };
});
