import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import { registeredConnectors } from "../../cloudflared/index.ts";
import { startTimeOf } from "../../cloudflared/process.ts";
import { stopOrphans } from "../../cloudflared/registry.ts";
import { stopConnectors } from "../../scripts/stack-connectors/local-connectors.ts";
import { runConnector } from "./connector-command.ts";
import { startEdgeForTests } from "./edge-for-tests.ts";

const UNUSED_PID = 2 ** 30; // no process has this number

describe("a file that a connector left behind, and a process that has its pid now", () => {
  let folder: string;
  let tokenFile: string;
  let stranger: ChildProcess;
  let exited: Promise<unknown[]>;
  // another connector, at the address that TUNNEL_METRICS fixes
  const other = createServer((_request, response) => {
    response.end(JSON.stringify({ status: 200, readyConnections: 4, connectorId: "another" }));
  });
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "causeway-registry-"));
    tokenFile = join(folder, "tunnel-token");
    await mkdir(`${tokenFile}.connectors`);
    await new Promise<void>((done) => other.listen(0, "127.0.0.1", done));
    stranger = spawn("sleep", ["600"], { stdio: "ignore" });
    exited = once(stranger, "exit");
  });
  afterEach(async () => {
    stranger.kill("SIGKILL");
    await exited;
    other.closeAllConnections();
    await new Promise((done) => other.close(done));
    await rm(folder, { recursive: true });
  });

  async function writeStateFile(pid: number | undefined, child: number | undefined, started?: unknown): Promise<void> {
    const metrics = `127.0.0.1:${(other.address() as AddressInfo).port}`;
    const state = { pid, child, metrics, token: "x", stopping: false, started };
    await writeFile(`${tokenFile}.connectors/${pid}.json`, JSON.stringify(state));
  }

  /** Kills the process and returns the first signal that it got: another one than SIGKILL came from the code. */
  async function firstSignal(): Promise<unknown> {
    stranger.kill("SIGKILL");
    return (await exited)[1];
  }

  const startTimes: [string, (pid: number) => Promise<unknown>][] = [
    ["from an older version", async () => undefined],
    ["with no start time", async () => ({})],
    ["with another start time", async (pid) => ({ [pid]: `${await startTimeOf(pid)}0` })],
    [
      "from before the last boot",
      async (pid) => ({ [pid]: (await startTimeOf(pid))?.replace(/^\S+/, "another-boot") }),
    ],
    ["with nonsense", async () => null],
  ];
  test.each(startTimes)("%s: neither `down` nor a new connector signals that process", async (_name, startedOf) => {
    const pid = stranger.pid ?? 0;
    const started = await startedOf(pid);
    await writeStateFile(pid, pid, started);
    expect(await stopConnectors(tokenFile)).toEqual([]);
    await writeStateFile(UNUSED_PID, pid, started);
    expect(await stopOrphans(tokenFile)).toEqual([]);
    expect(await registeredConnectors(tokenFile)).toEqual([]);
    expect(await firstSignal()).toBe("SIGKILL");
  });

  test("with the start time of that process it is the one that was left behind, and is stopped", async () => {
    const pid = stranger.pid ?? 0;
    await writeStateFile(UNUSED_PID, pid, { [pid]: await startTimeOf(pid) });
    expect(await stopOrphans(tokenFile)).toEqual([pid]);
    expect((await exited)[1]).toBe("SIGTERM");
  });
});

test.each([true, false])("`down` stops a connector; its file is from an older version: %s", async (isOlder) => {
  const testSite = await startEdgeForTests({ ingress: [{ service: "http_status:204" }] });
  const { address, caFile } = testSite.edge;
  const env = { PATH: "", TUNNEL_TOKEN_FILE: testSite.tokenFile, TUNNEL_EDGE: address, TUNNEL_CACERT: caFile };
  const command = runConnector(env);
  await command.ready;
  const file = `${testSite.tokenFile}.connectors/${command.pid}.json`;
  const { started, ...older } = JSON.parse(await readFile(file, "utf8"));
  expect(started).toEqual({ [command.pid]: await startTimeOf(command.pid) });
  if (isOlder) await writeFile(file, JSON.stringify(older));
  expect(await stopConnectors(testSite.tokenFile)).toEqual([`Stopped connector ${command.pid}.`]);
  expect((await command.ended).code).toBe(0);
  await testSite.close();
});
