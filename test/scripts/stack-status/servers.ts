/** Servers that stand in for the edge and the API. After each test they end, and trust in their authorities too. */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import type { Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { getCACertificates, setDefaultCACertificates } from "node:tls";
import { afterEach } from "@jest/globals";

/** Is removed after each test. */
export const folder = mkdtempSync(join(tmpdir(), "causeway-status-"));
const servers: Server[] = [];
const trusted = getCACertificates();
afterEach(async () => {
  setDefaultCACertificates(trusted);
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
  rmSync(folder, { recursive: true, force: true });
});

/** @returns the port */
export async function listen(server: Server): Promise<number> {
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return (server.address() as AddressInfo).port;
}

/** Trusts the authorities of these files, besides those that Node.js trusts. */
export function trust(caFiles: readonly string[]): void {
  setDefaultCACertificates([...trusted, ...caFiles.map((file) => readFileSync(file, "utf8"))]);
}
