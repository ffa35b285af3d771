import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { selfSigned } from "../../self-signed.ts";

/** A loopback address of its own: port 443 of the usual one may be taken. */
const ADDRESS = "127.4.4.3";

/** Cloudflare's server of a team, on this machine. */
export interface Vendor {
  /** Begins a command that runs in a mount namespace of its own, where the team's hostname leads to this server. */
  readonly withHosts: readonly string[];
  /** PEM file of the certificate of this server. */
  readonly caFile: string;
  close(): Promise<void>;
}

/**
 * Starts the server at port 443. The real cloudflared asks its vendor's hostname for the certificates of a team: with
 * another hosts file it asks this server. @param certificates the JSON document with the certificates of the team
 */
export async function startVendor(team: string, certificates: () => string | Promise<string>): Promise<Vendor> {
  const hostname = `${team}.cloudflareaccess.com`;
  const folder = mkdtempSync(join(tmpdir(), "causeway-vendor-"));
  const [hosts, caFile] = [join(folder, "hosts"), join(folder, "ca.pem")];
  const { key, cert } = await selfSigned(hostname);
  writeFileSync(hosts, `127.0.0.1 localhost\n${ADDRESS} ${hostname}\n`);
  writeFileSync(caFile, cert);
  const server = createServer({ key, cert }, async (request, response) => {
    if (request.url !== "/cdn-cgi/access/certs") response.writeHead(404).end();
    else response.setHeader("content-type", "application/json").end(await certificates());
  });
  await new Promise<void>((resolve, reject) => {
    server.on("error", reject).listen(443, ADDRESS, resolve);
  });
  return {
    withHosts: ["unshare", "--mount", "sh", "-c", 'mount --bind "$0" /etc/hosts && exec "$@"', hosts],
    caFile,
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      rmSync(folder, { recursive: true });
    },
  };
}
