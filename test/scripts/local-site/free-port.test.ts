import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { type AddressInfo, createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "@jest/globals";
import { freePort } from "../../../scripts/local-site/free-port.ts";
import { choosePorts } from "../../../scripts/local-site/ports.ts";

async function listening(): Promise<{ server: Server; port: number }> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return { server, port: (server.address() as AddressInfo).port };
}

const closed = (server: Server) => new Promise((resolve) => server.close(resolve));

test("takes the wanted port when it is free, the next one when it is not", async () => {
  const { server, port } = await listening();
  const next = await freePort(port);
  expect(next).toBeGreaterThan(port);
  expect(await freePort(next, new Set([next]))).toBeGreaterThan(next);
  await closed(server);
  expect(await freePort(port)).toBe(port);
});

test("refuses when every port of the range is in use", async () => {
  const { server, port } = await listening();
  await expect(freePort(port, new Set(), 1)).rejects.toThrow(`port ${port} is in use at 127.0.0.1`);
  await expect(freePort(port, new Set([port + 1]), 2)).rejects.toThrow(
    `all ports from ${port} to ${port + 1} are in use`,
  );

  await closed(server);
});

test("O18: a port that the user asked for is used or refused, and not kept for the next run", async () => {
  const dataDir = mkdtempSync(join(tmpdir(), "causeway-ports-"));
  const { server, port } = await listening();
  try {
    const first = await choosePorts(dataDir, { edge: 0, gateway: 0, api: 0, tunnel: 0, reload: 0, console: 0 });
    await expect(choosePorts(dataDir, {}, { edge: port })).rejects.toThrow(`port ${port} is in use`);
    await closed(server);
    expect(await choosePorts(dataDir, {}, { edge: port })).toEqual({ ...first, edge: port });
    expect(await choosePorts(dataDir)).toEqual(first);
  } finally {
    server.close();
    rmSync(dataDir, { recursive: true });
  }
});

test("ports stay the same from run to run; where their file is damaged, new ones are chosen", async () => {
  const dataDir = mkdtempSync(join(tmpdir(), "causeway-ports-"));
  try {
    const first = await choosePorts(dataDir, { edge: 0, gateway: 0, api: 0, tunnel: 0, reload: 0, console: 0 });
    expect(new Set(Object.values(first)).size).toBe(6);
    expect(await choosePorts(dataDir)).toEqual(first);
    writeFileSync(join(dataDir, "ports.json"), '{"edge":"8080","gateway":99999');
    const again = await choosePorts(dataDir, { edge: 0, api: 0, tunnel: 0, reload: 0, console: 0 });
    expect(again.gateway).toBeGreaterThanOrEqual(3000);
    expect(JSON.parse(readFileSync(join(dataDir, "ports.json"), "utf8"))).toEqual(again);
  } finally {
    rmSync(dataDir, { recursive: true });
  }
});
