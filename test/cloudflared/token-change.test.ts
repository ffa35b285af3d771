import { mkdir, readdir, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import { changeToken, describeTokenChange, registeredConnectors } from "../../cloudflared/index.ts";
import { runConnector } from "./connector-command.ts";
import { type EdgeForTests, startEdgeForTests } from "./edge-for-tests.ts";
import { tokenChangeSuite } from "./token-change-suite.ts";

tokenChangeSuite("Causeway's own connector", { PATH: "" });

describe("connectors that a rotation finds", () => {
  let testSite: EdgeForTests;
  let folder: string;
  beforeEach(async () => {
    testSite = await startEdgeForTests({ ingress: [{ service: "http_status:204" }] });
    folder = `${testSite.tokenFile}.connectors`;
  });
  afterEach(() => testSite.close());

  test("the entry of a connector that has ended, or of another process, is removed", async () => {
    await mkdir(folder);
    const entry = (pid: unknown, metrics: unknown) => JSON.stringify({ pid, child: pid, metrics, token: "x" });
    await writeFile(`${folder}/1.json`, entry(process.pid, "127.0.0.1:1"));
    await writeFile(`${folder}/2.json`, entry(2 ** 30, "127.0.0.1:1"));
    await writeFile(`${folder}/3.json`, entry(-1, "127.0.0.1:1"));
    await writeFile(`${folder}/4.json`, "nonsense");
    expect(await registeredConnectors(testSite.tokenFile)).toEqual([]);
    expect(await readdir(folder)).toEqual([]);
  });

  test("O16: the port of TUNNEL_METRICS stays, whichever connector runs behind it", async () => {
    const reserved = createServer();
    await new Promise<void>((done) => reserved.listen(0, "127.0.0.1", done));
    const { port } = reserved.address() as AddressInfo;
    const { address, caFile } = testSite.edge;
    const env = {
      PATH: "",
      TUNNEL_TOKEN_FILE: testSite.tokenFile,
      TUNNEL_EDGE: address,
      TUNNEL_CACERT: caFile,
      TUNNEL_METRICS: `127.0.0.1:${port}`,
    };
    const taken = await runConnector(env).ended;
    expect([taken.code, taken.output]).toEqual([1, expect.stringContaining(`127.0.0.1:${port}`)]);
    await new Promise((done) => reserved.close(done));
    const command = runConnector(env);
    expect(await command.ready).toContain(`http://127.0.0.1:${port}/ready`);
    const at = (path: string) => fetch(`http://127.0.0.1:${port}${path}`);
    const before = await (await at("/ready")).json();
    expect(before).toMatchObject({ status: 200 });
    await writeFile(testSite.tokenFile, testSite.rotate());
    const changes = await changeToken(testSite.tokenFile, { proc: testSite.folder });
    expect(changes).toMatchObject([{ kind: "changed" }]);
    const after = (await (await at("/ready")).json()) as { status: number; connectorId: string };
    expect(after.status).toBe(200);
    expect(after.connectorId).not.toBe((before as typeof after).connectorId);
    expect(await (await at("/metrics")).text()).toContain("cloudflared_tunnel_ha_connections");
    expect((await at("/other")).status).toBe(404);
    command.signal("SIGTERM");
    expect((await command.ended).code).toBe(0);
  });

  test("O16: a connector that is stopping is not waited for and not replaced", async () => {
    const { address, caFile } = testSite.edge;
    const command = runConnector({
      PATH: "",
      TUNNEL_TOKEN_FILE: testSite.tokenFile,
      TUNNEL_EDGE: address,
      TUNNEL_CACERT: caFile,
      TUNNEL_GRACE_PERIOD: "30s",
    });
    await command.ready;
    // a request in flight keeps it from ending
    const origin = createServer(() => {});
    await new Promise<void>((done) => origin.listen(0, "127.0.0.1", done));
    const { port } = origin.address() as AddressInfo;
    await testSite.edge.configure(testSite.tunnelId, 2, { ingress: [{ service: `http://127.0.0.1:${port}` }] });
    const arrived = new Promise((done) => origin.once("request", done));
    const stream = testSite.edge.open(testSite.tunnelId, {
      method: "GET",
      path: "/",
      host: "x",
      headers: [],
      body: false,
    });
    stream?.response.catch(() => {});
    await arrived;
    command.signal("SIGTERM");
    while (!(await registeredConnectors(testSite.tokenFile))[0]?.stopping);
    await writeFile(testSite.tokenFile, testSite.rotate());
    const changes = await changeToken(testSite.tokenFile, { proc: testSite.folder });
    expect(changes).toMatchObject([{ kind: "stopped", connector: { pid: command.pid } }]);
    expect(describeTokenChange(changes[0]!, testSite.tokenFile)).toMatch(/nothing takes its place/);
    stream?.destroy();
    expect((await command.ended).code).toBe(0);
    origin.closeAllConnections();
    origin.close();
  });

  test("O16: a cloudflared that the kit did not start is named, with the command of what supervises it", async () => {
    const process = async (pid: number, program: string, cgroup: string, parent = 1) => {
      await mkdir(`${testSite.folder}/proc/${pid}`, { recursive: true });
      await writeFile(`${testSite.folder}/proc/${pid}/comm`, `${program}\n`);
      await writeFile(`${testSite.folder}/proc/${pid}/cgroup`, `0::${cgroup}\n`);
      await writeFile(`${testSite.folder}/proc/${pid}/status`, `Name:\t${program}\nPPid:\t${parent}\n`);
    };
    await process(10, "cloudflared", "/system.slice/causeway-connector.service");
    await process(11, "cloudflared", "/user.slice/user-1000.slice/user@1000.service/app.slice/mine.service");
    await process(12, "cloudflared", `/system.slice/docker-${"ab".repeat(32)}.scope`);
    await process(13, "cloudflared", `/kubepods.slice/x.slice/cri-containerd-${"cd".repeat(32)}.scope`);
    await process(14, "cloudflared", "/user.slice/user-1000.slice/session-3.scope");
    await process(15, "cloudflared", "/user.slice/user-1000.slice/user@1000.service/app.slice/app-shell.scope");
    await process(16, "sshd", "/system.slice/ssh.service");
    await process(17, "cloudflared", "/system.slice/x;reboot.service");
    const changes = await changeToken(testSite.tokenFile, { proc: `${testSite.folder}/proc` });
    const commands = changes.map(({ kind, connector }) => [kind, connector.pid, connector.service?.restart]);
    expect(commands.toSorted((a, b) => Number(a[1]) - Number(b[1]))).toEqual([
      ["unknown", 10, "systemctl restart causeway-connector.service"],
      ["unknown", 11, "systemctl --user restart mine.service"],
      ["unknown", 12, "docker restart abababababab"],
      ["unknown", 13, "kubectl rollout restart deployment/causeway-connector"],
      ["unknown", 14, undefined],
      ["unknown", 15, undefined],
      ["unknown", 17, undefined],
    ]);
    for (const change of changes) {
      const text = describeTokenChange(change, testSite.tokenFile);
      expect(text).toContain(`cloudflared ${change.connector.pid} `);
      expect(text).toContain(testSite.tokenFile);
      if (change.connector.service) expect(text).toContain(change.connector.service.restart);
    }
  });
});
