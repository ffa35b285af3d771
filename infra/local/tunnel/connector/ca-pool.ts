import { X509Certificate } from "node:crypto";
import { readFileSync, statSync } from "node:fs";
import { getCACertificates } from "node:tls";
import { reasonOf } from "../errors.ts";

const MAX_FILE_BYTES = 1024 * 1024;
const CERTIFICATE = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g;

/**
 * The authorities that an origin's certificate may be signed by: those of the file, besides those of the system, as in
 * cloudflared (tlsconfig/certreloader.go). Throws an Error that names the file where it has none.
 */
export function readCaPool(file: string): readonly string[] {
  const needed =
    "put the PEM of the authority that signed the origin's certificate there, then start the connector again";
  try {
    const known = statSync(file);
    // a device or a pipe has no size, and reading it may not end
    if (!known.isFile()) throw new Error("it is not a regular file");
    const { size } = known;
    if (size > MAX_FILE_BYTES) throw new Error(`it has ${size} bytes, more than ${MAX_FILE_BYTES}`);
    const found = readFileSync(file, "utf8").match(CERTIFICATE) ?? [];
    if (found.length === 0) throw new Error("it has no certificate in PEM");
    // a certificate that cannot be read would be ignored
    for (const pem of found) new X509Certificate(pem);
    return [...getCACertificates("default"), ...found];
  } catch (error) {
    throw new Error(
      `originRequest.caPool: ${file} on the connector's machine cannot be used: ${reasonOf(error)}; ${needed}`,
    );
  }
}
