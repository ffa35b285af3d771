import { setTimeout as delay } from "node:timers/promises";
import { expect, test } from "@jest/globals";
import { registeredConnectors } from "../../../cloudflared/index.ts";
import { runConnector } from "../../cloudflared/connector-command.ts";
import { connectorSuite } from "../../cloudflared/connector-suite.ts";
import { startEdgeForTests } from "../../cloudflared/edge-for-tests.ts";
import { stopSuite } from "../../cloudflared/stop-suite.ts";
import { tokenChangeSuite } from "../../cloudflared/token-change-suite.ts";
import { within } from "../../within.ts";

const { PATH = "", CLOUDFLARED_BIN } = process.env;
const env = { PATH, ...(CLOUDFLARED_BIN && { CLOUDFLARED_BIN }) };
connectorSuite("the road with the real cloudflared", env, "cloudflared");
tokenChangeSuite("the real cloudflared", env);
stopSuite("npm run connector with the real cloudflared", env);

test("kill -9 of a connector leaves its cloudflared, which is found, and stopped when the next one is ready", async () => {
  const testSite = await startEdgeForTests({ ingress: [{ service: "http_status:204" }] });
  const { tokenFile, edge } = testSite;
  const local = { ...env, TUNNEL_TOKEN_FILE: tokenFile, TUNNEL_EDGE: edge.address, TUNNEL_CACERT: edge.caFile };
  const killed = runConnector(local);
  const [, pid, url = ""] = /pid (\d+), (\S+)/.exec(await killed.ready) ?? [];
  const left = Number(pid);
  // When its connector was killed, nothing reads what cloudflared logs, and its next line ends it (SIGPIPE): one line
  // for each of its four connections, before it counts the connection.
  const connections = async () => Number(JSON.parse(await (await fetch(url)).text()).readyConnections);
  while ((await within("/ready to respond", connections())) < 4) await delay(50);
  killed.signal("SIGKILL");
  await killed.ended;
  expect(await registeredConnectors(tokenFile)).toMatchObject([{ pid: left, orphan: true }]);
  const next = runConnector(local);
  await next.ready;
  await testSite.until(4);
  const [one, ...others] = await registeredConnectors(tokenFile);
  expect([one?.orphan, others]).toEqual([false, []]);
  next.signal("SIGTERM");
  expect((await next.ended).output).toContain(`stopped cloudflared ${left}, which a killed connector had left running`);
  await testSite.close();
});
