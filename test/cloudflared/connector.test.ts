import { chmod, mkdtemp, rm, writeFile } from "node:fs/promises";
import type { AddressInfo } from "node:net";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "@jest/globals";
import { hasConfiguration, startCloudflared } from "../../cloudflared/index.ts";
import { originHint, problemIn } from "../../cloudflared/problem.ts";
import { within } from "../within.ts";
import { runConnector } from "./connector-command.ts";
import { connectorSuite } from "./connector-suite.ts";
import { startEdgeForTests } from "./edge-for-tests.ts";

// Without a PATH no cloudflared is found, so it is our own that starts.
connectorSuite("the road with our own connector", { PATH: "" }, "causeway");

describe("mistakes of the operator", () => {
  test("the command called wrongly ends with 2 and a clear line", async () => {
    const calls = [
      [{}, [], /TUNNEL_TOKEN_FILE/],
      [
        { TUNNEL_TOKEN: "x" },
        ["--token=opensesame"],
        /^connector: unknown option '--token'\nSee: npm run connector -- --help\n$/,
      ],
      [{ TUNNEL_TOKEN: "x" }, [], /not a tunnel token/],
      [{ TUNNEL_EDGE: "127.0.0.1:1" }, [], /go together/],
      [{ TUNNEL_METRICS: "0.0.0.0:20241" }, [], /127\.0\.0\.1:PORT/],
      [{ TUNNEL_GRACE_PERIOD: "30" }, [], /as in 30s/],
      [{ TUNNEL_DISABLE_PATH_NORMALIZATION: "no" }, [], /It must be true or false/],
    ] as const;
    const results = await Promise.all(calls.map(([env, args]) => runConnector({ PATH: "", ...env }, args).ended));
    for (const [index, { code, output }] of results.entries()) {
      expect(output).toMatch(calls[index]![2]);
      expect(output.split("\nSee: ")[0]?.trim().split("\n")).toHaveLength(1);
      expect(output).not.toContain("opensesame");
      expect(code).toBe(2);
    }
  });

  test("without a cloudflared and without a local edge it ends with what to do", async () => {
    await expect(startCloudflared({ token: "x", env: { PATH: "" } })).rejects.toMatchObject({
      code: "NOT_INSTALLED",
      message: expect.stringMatching(/CLOUDFLARED_BIN/),
    });
  });

  test("a port for the metrics that is taken", async () => {
    const testSite = await startEdgeForTests(null);
    const taken = createServer();
    await new Promise<void>((resolve) => taken.listen(0, "127.0.0.1", resolve));
    const { port } = taken.address() as AddressInfo;
    const local = { edge: testSite.edge.address, caFile: testSite.edge.caFile };
    await expect(startCloudflared({ token: testSite.token, local, env: {}, metricsPort: port })).rejects.toMatchObject({
      code: "METRICS_PORT",
      message: expect.stringMatching(new RegExp(String(port))),
    });
    await new Promise((resolve) => taken.close(resolve));
    await testSite.close();
  });

  test("a tunnel without a configuration is reported as that", async () => {
    const testSite = await startEdgeForTests(null);
    const local = { edge: testSite.edge.address, caFile: testSite.edge.caFile };
    const connector = await startCloudflared({ token: testSite.token, local, env: {} });
    expect(await hasConfiguration(connector, 0)).toBe(false);
    await testSite.edge.configure(testSite.tunnelId, 1, { ingress: [{ service: "http_status:204" }] });
    expect(await hasConfiguration(connector, 0)).toBe(true);
    await connector.stop();
    await testSite.close();
  });

  test("a binary that is not cloudflared, or too old, is named and not ignored", async () => {
    const folder = await mkdtemp(join(tmpdir(), "causeway-binary-"));
    const file = join(folder, "cloudflared");
    const start = () => startCloudflared({ token: "x", env: { PATH: folder } });
    await writeFile(file, "#!/bin/sh\nexit 3\n");
    await chmod(file, 0o755);
    await expect(start()).rejects.toMatchObject({ code: "BAD_BINARY", message: expect.stringMatching(/does not run/) });
    await writeFile(file, "#!/bin/sh\necho 'cloudflared version 2024.12.2 (built 2024)'\n");
    await expect(start()).rejects.toMatchObject({
      code: "BAD_BINARY",
      message: expect.stringMatching(/2024\.12\.2.*2025\.4\.0/),
    });
    await expect(
      startCloudflared({ token: "x", env: { CLOUDFLARED_BIN: join(folder, "none") } }),
    ).rejects.toMatchObject({
      code: "BAD_BINARY",
      message: expect.stringMatching(/CLOUDFLARED_BIN/),
    });
    await rm(folder, { recursive: true });
  });
});

test("P10: cloudflared starts with path normalization off, or as asked, and a setting it ignores is told", async () => {
  const folder = await mkdtemp(join(tmpdir(), "causeway-settings-"));
  const file = join(folder, "cloudflared");
  await writeFile(join(folder, "package.json"), "{}");
  await writeFile(
    file,
    `#!${process.execPath}
    if (process.argv[2] === "--version") { console.log("cloudflared version 2026.10.0"); process.exit(); }
    console.error("disabled: " + process.env.TUNNEL_DISABLE_PATH_NORMALIZATION);
    process.exit(1);
    `,
  );
  await chmod(file, 0o755);
  for (const [given, passed] of [
    [undefined, "true"],
    ["false", "false"],
    ["true", "true"],
  ] as const) {
    const lines: string[] = [];
    const env = { CLOUDFLARED_BIN: file, ...(given && { TUNNEL_DISABLE_PATH_NORMALIZATION: given }) };
    const started = startCloudflared({ token: "x", env, log: (line) => lines.push(line) });
    await expect(started).rejects.toMatchObject({ code: "ENDED" });
    expect(lines).toEqual([`disabled: ${passed}`]);
  }
  const lines: string[] = [];
  const env = { CLOUDFLARED_BIN: file, ACCESS_CERTIFICATES: "https://127.0.0.1:1/certs" };
  const started = startCloudflared({ token: "x", env, log: (line) => lines.push(line) });
  await expect(started).rejects.toMatchObject({ code: "ENDED" });
  expect(lines[0]).toMatch(/cloudflared ignores ACCESS_CERTIFICATES/);
  await rm(folder, { recursive: true });
});

describe("a cloudflared that does not end", () => {
  /** A program that prints what cloudflared prints, and does not end on SIGTERM. */
  async function startStubborn() {
    const folder = await mkdtemp(join(tmpdir(), "causeway-stubborn-"));
    const file = join(folder, "cloudflared");
    // Node.js reads the script as CommonJS, whatever a package.json above says
    await writeFile(join(folder, "package.json"), "{}");
    await writeFile(
      file,
      `#!${process.execPath}
      if (process.argv[2] === "--version") { console.log("cloudflared version 2026.1.0"); process.exit(); }
      let requests = 0;
      process.on("SIGTERM", () => console.error("Initiating graceful shutdown due to signal terminated"));
      const server = require("node:http").createServer(({ url }, response) => {
        if (url.startsWith("/requests/")) requests = Number(url.slice(10));
        response.end(url === "/ready" ? '{"readyConnections":1}' : "cloudflared_tunnel_concurrent_requests_per_tunnel " + requests + "\\n");
      }).listen(0, "127.0.0.1", () => console.error("Starting metrics server on 127.0.0.1:" + server.address().port + "/metrics"));
      `,
    );
    await chmod(file, 0o755);
    const lines: string[] = [];
    const connector = await startCloudflared({
      token: "x",
      env: { CLOUDFLARED_BIN: file },
      idleTimeoutMs: 100,
      log: (line) => lines.push(line),
    });
    const setRequests = (count: number) => fetch(`http://${connector.metrics}/requests/${count}`);
    return { connector, lines, setRequests, remove: () => rm(folder, { recursive: true }) };
  }

  test("O13: is killed when no request is in flight, and its last line is in the log", async () => {
    const { connector, lines, remove } = await startStubborn();
    await within("the connector to stop", connector.stop(), () => lines.join("\n"), 20_000);
    expect(await connector.ended).toBeUndefined();
    expect(lines.at(-1)).toMatch(/no request in flight.* killed\. Its last line: Initiating graceful shutdown/);
    await remove();
  });

  test("O13: is not killed while a request is in flight and its grace period lasts", async () => {
    const { connector, lines, setRequests, remove } = await startStubborn();
    await setRequests(1);
    const stopped = connector.stop();
    const early = await Promise.race([stopped, new Promise((resolve) => setTimeout(resolve, 1_500, "waits"))]);
    expect(early).toBe("waits");
    await setRequests(0);
    await within("the connector to stop", stopped, () => lines.join("\n"), 20_000);
    await remove();
  });
});

describe("what cloudflared's output means", () => {
  test.each([
    ['ERR failed to serve incoming request error="Unauthorized: Invalid tunnel secret"', "UNAUTHORIZED"],
    ["Provided Tunnel token is not valid.", "BAD_TOKEN"],
    [
      'ERR Unable to establish connection with Cloudflare edge error="DialContext error: dial tcp 127.0.0.1:9: connect: connection refused"',
      "EDGE_UNREACHABLE",
    ],
    [
      'ERR Unable to establish connection with Cloudflare edge error="TLS handshake with edge error: tls: failed to verify certificate: x509: certificate signed by unknown authority"',
      "EDGE_UNTRUSTED",
    ],
    [
      'ERR Error opening metrics server listener error="listen tcp 127.0.0.1:20241: bind: address already in use"',
      "METRICS_PORT",
    ],
  ])("%s", (line, code) => {
    expect(problemIn(["INF Starting tunnel", line, "INF Retrying connection in up to 2s"])?.code).toBe(code);
  });

  test("an origin that is down is not reported as a tunnel that is down", () => {
    const line =
      'ERR error="Unable to reach the origin service. The service may be down: dial tcp 127.0.0.1:1: connect: connection refused" originService=http://127.0.0.1:1';
    expect(problemIn([line])).toBeUndefined();
    expect(originHint(line)).toMatch(/backend/);
    expect(problemIn(["INF Registered tunnel connection"])).toBeUndefined();
  });
});
