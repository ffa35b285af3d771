import { webcrypto } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import "reflect-metadata"; // @peculiar/x509 needs it to be loaded first
import * as x509 from "@peculiar/x509";
import { keySetOf, type SigningKey, TEAM } from "../../backend/assertions/test-team.ts";
import { accessSuite } from "../../infra/local/tunnel/access-suite.ts";
import { startedBy } from "../cloudflared/real-connector.ts";

const HOSTNAME = `${TEAM}.cloudflareaccess.com`;
/** A loopback address of its own: port 443 of the usual one may be taken. */
const ADDRESS = "127.4.4.3";

/**
 * The real cloudflared asks its vendor's hostname for the certificates, at port 443. In a mount namespace of its own it
 * has another hosts file, which leads to a server of this test, and it trusts that server's certificate alone.
 */
accessSuite("the real cloudflared checks Access", async (...keys) => {
  const folder = mkdtempSync(join(tmpdir(), "causeway-vendor-"));
  const [hosts, caFile] = [join(folder, "hosts"), join(folder, "ca.pem")];
  const { key, cert } = await vendorCertificate();
  writeFileSync(hosts, `127.0.0.1 localhost\n${ADDRESS} ${HOSTNAME}\n`);
  writeFileSync(caFile, cert);
  let served: readonly SigningKey[] = keys;
  const server = createServer({ key, cert }, (request, response) => {
    if (request.url !== "/cdn-cgi/access/certs") response.writeHead(404).end();
    else response.setHeader("content-type", "application/json").end(keySetOf(served));
  });
  await new Promise<void>((resolve, reject) => {
    server.on("error", reject).listen(443, ADDRESS, resolve);
  });
  const withHosts = ["unshare", "--mount", "sh", "-c", 'mount --bind "$0" /etc/hosts && exec "$@"', hosts];
  return {
    startWith: startedBy(withHosts, { SSL_CERT_FILE: caFile }),
    rotateTo(...next) {
      served = next;
    },
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      rmSync(folder, { recursive: true });
    },
  };
});

async function vendorCertificate(): Promise<{ readonly key: string; readonly cert: string }> {
  const algorithm = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" };
  const keys = await webcrypto.subtle.generateKey(algorithm, true, ["sign", "verify"]);
  const made = await x509.X509CertificateGenerator.createSelfSigned({
    name: `CN=${HOSTNAME}`,
    notBefore: new Date(Date.now() - 3_600_000),
    notAfter: new Date(Date.now() + 86_400_000),
    signingAlgorithm: algorithm,
    keys,
    extensions: [
      new x509.BasicConstraintsExtension(true, undefined, true),
      new x509.SubjectAlternativeNameExtension([{ type: "dns", value: HOSTNAME }]),
    ],
  });
  const key = Buffer.from(await webcrypto.subtle.exportKey("pkcs8", keys.privateKey));
  return { key: x509.PemConverter.encode(key, "PRIVATE KEY"), cert: made.toString("pem") };
}
