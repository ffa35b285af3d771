import { webcrypto } from "node:crypto";
import "reflect-metadata"; // @peculiar/x509 needs it to be loaded first
import * as x509 from "@peculiar/x509";

/** The key and the certificate of a server, both PEM. Who trusts the certificate trusts this server alone. */
export interface SelfSigned {
  readonly key: string;
  readonly cert: string;
}

/** Valid from an hour ago for a day and an hour. */
export async function selfSigned(hostname: string): Promise<SelfSigned> {
  const algorithm = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" };
  const keys = await webcrypto.subtle.generateKey(algorithm, true, ["sign", "verify"]);
  const made = await x509.X509CertificateGenerator.createSelfSigned({
    name: `CN=${hostname}`,
    notBefore: new Date(Date.now() - 3_600_000),
    notAfter: new Date(Date.now() + 86_400_000),
    signingAlgorithm: algorithm,
    keys,
    extensions: [
      new x509.BasicConstraintsExtension(true, undefined, true),
      new x509.SubjectAlternativeNameExtension([{ type: "dns", value: hostname }]),
    ],
  });
  const key = Buffer.from(await webcrypto.subtle.exportKey("pkcs8", keys.privateKey));
  return { key: x509.PemConverter.encode(key, "PRIVATE KEY"), cert: made.toString("pem") };
}
