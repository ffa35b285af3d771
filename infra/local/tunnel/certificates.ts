import { createPrivateKey, randomBytes, webcrypto, X509Certificate } from "node:crypto";
import { mkdir, open, readFile, rename, stat } from "node:fs/promises";
import { join } from "node:path";
import "reflect-metadata"; // @peculiar/x509 needs it to be loaded first
import * as x509 from "@peculiar/x509";
import { codeOf, reasonOf, TunnelError } from "./errors.ts";
import { EDGE_SERVER_NAME } from "./server-name.ts";

const DAY_MS = 86_400_000;
const AUTHORITY_DAYS = 3650;
const LEAF_DAYS = 365;
/** A certificate with less than this left is made anew. */
const RENEW_BEFORE_MS = 30 * DAY_MS;
const ALGORITHM = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" } as const;

/** What the tunnel's listener presents, and the file that connectors trust. */
export interface EdgeCertificates {
  readonly key: string;
  readonly cert: string;
  readonly caFile: string;
}

/**
 * Reads the certificates of the tunnel's edge from a folder, and makes what is missing, damaged or about to expire.
 * The authority outlives its leaves, so that connectors keep trusting the edge when the leaf is renewed. Keys are
 * stored 0600.
 * @throws TunnelError CERTIFICATES_UNUSABLE where the folder cannot be used, or where others can read a key: with the
 * key an attacker can pose as the edge, and connectors would send it their tunnel's secret.
 */
export async function edgeCertificates(folder: string, now: number): Promise<EdgeCertificates> {
  const file = (name: string) => join(folder, name);
  const caFile = file("ca.pem");
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    let authority = await readCertificate(caFile, file("ca-key.pem"));
    if (!authority || !outlives(authority, now + LEAF_DAYS * DAY_MS) || !authority.certificate.ca) {
      authority = await issueAuthority(now);
      await write(file("ca-key.pem"), authority.key);
      await write(caFile, authority.cert);
    }
    let leaf = await readCertificate(file("edge.pem"), file("edge-key.pem"));
    if (!leaf || !outlives(leaf, now + RENEW_BEFORE_MS) || !leaf.certificate.verify(authority.certificate.publicKey)) {
      leaf = await issueLeaf(authority, now);
      await write(file("edge-key.pem"), leaf.key);
      await write(file("edge.pem"), leaf.cert);
    }
    return { key: leaf.key, cert: leaf.cert, caFile };
  } catch (error) {
    if (error instanceof TunnelError) throw error;
    throw new TunnelError(
      "CERTIFICATES_UNUSABLE",
      `The tunnel keeps its certificates in ${folder}, which could not be read or written (${reasonOf(error)}). Make ` +
        "the folder writable for this user, or remove it: it is made anew.",
      error,
    );
  }
}

interface IssuedCertificate {
  readonly key: string;
  readonly cert: string;
  readonly certificate: X509Certificate;
}

/**
 * Reads a certificate and its key from the disk; undefined where either is missing, is not PEM, or they do not match.
 */
async function readCertificate(certFile: string, keyFile: string): Promise<IssuedCertificate | undefined> {
  const [cert, key] = await Promise.all([textOf(certFile), privateText(keyFile)]);
  if (cert === undefined || key === undefined) return undefined;
  try {
    const certificate = new X509Certificate(cert);
    return certificate.checkPrivateKey(createPrivateKey(key)) ? { key, cert, certificate } : undefined;
  } catch {
    return undefined;
  }
}

function outlives({ certificate }: IssuedCertificate, time: number): boolean {
  return certificate.validToDate.getTime() > time;
}

async function issueAuthority(now: number): Promise<IssuedCertificate> {
  const keys = await webcrypto.subtle.generateKey(ALGORITHM, true, ["sign", "verify"]);
  const name = "CN=Causeway local tunnel";
  const certificate = await x509.X509CertificateGenerator.create(
    {
      ...validityFor(now, AUTHORITY_DAYS),
      subject: name,
      issuer: name,
      publicKey: keys.publicKey,
      signingKey: keys.privateKey,
      signingAlgorithm: ALGORITHM,
      extensions: [
        new x509.BasicConstraintsExtension(true, 0, true),
        new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign, true),
        await x509.SubjectKeyIdentifierExtension.create(keys.publicKey, false, webcrypto),
      ],
    },
    webcrypto,
  );
  return issued(certificate, keys.privateKey);
}

async function issueLeaf(authority: IssuedCertificate, now: number): Promise<IssuedCertificate> {
  const keys = await webcrypto.subtle.generateKey(ALGORITHM, true, ["sign", "verify"]);
  const pkcs8 = createPrivateKey(authority.key).export({ type: "pkcs8", format: "der" });
  const signingKey = await webcrypto.subtle.importKey("pkcs8", pkcs8, ALGORITHM, false, ["sign"]);
  const certificate = await x509.X509CertificateGenerator.create(
    {
      ...validityFor(now, LEAF_DAYS),
      subject: `CN=${EDGE_SERVER_NAME}`,
      issuer: new x509.X509Certificate(authority.cert).subjectName,
      publicKey: keys.publicKey,
      signingKey,
      signingAlgorithm: ALGORITHM,
      extensions: [
        new x509.BasicConstraintsExtension(false, undefined, true),
        new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
        new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth]),
        new x509.SubjectAlternativeNameExtension([
          { type: "dns", value: EDGE_SERVER_NAME },
          { type: "dns", value: "localhost" },
          { type: "ip", value: "127.0.0.1" },
        ]),
        await x509.AuthorityKeyIdentifierExtension.create(
          new x509.X509Certificate(authority.cert).publicKey,
          false,
          webcrypto,
        ),
      ],
    },
    webcrypto,
  );
  return issued(certificate, keys.privateKey);
}

/** Valid from an hour ago, for clocks that differ a little. */
function validityFor(now: number, days: number) {
  const serial = randomBytes(16);
  serial.writeUInt8(serial.readUInt8(0) & 0x7f, 0);
  return {
    serialNumber: serial.toString("hex"),
    notBefore: new Date(now - 3_600_000),
    notAfter: new Date(now + days * DAY_MS),
  };
}

async function issued(certificate: x509.X509Certificate, privateKey: webcrypto.CryptoKey): Promise<IssuedCertificate> {
  const pkcs8 = Buffer.from(await webcrypto.subtle.exportKey("pkcs8", privateKey));
  const key = createPrivateKey({ key: pkcs8, format: "der", type: "pkcs8" }).export({ type: "pkcs8", format: "pem" });
  const cert = `${certificate.toString("pem")}\n`;
  return { key: key.toString(), cert, certificate: new X509Certificate(cert) };
}

async function textOf(file: string): Promise<string | undefined> {
  try {
    return await readFile(file, "utf8");
  } catch (error) {
    if (codeOf(error) === "ENOENT") return undefined;
    throw error;
  }
}

/** Reads a file that only its owner may read. */
async function privateText(file: string): Promise<string | undefined> {
  const text = await textOf(file);
  if (text === undefined || process.platform === "win32") return text; // Windows has no permission bits
  const mode = (await stat(file)).mode & 0o777;
  if ((mode & 0o077) === 0) return text;
  throw new TunnelError(
    "CERTIFICATES_UNUSABLE",
    `Other users can read the private key ${file} (mode 0${mode.toString(8)}; 0600 is expected). Use ` +
      `\`chmod 600 ${file}\`; if another user of this machine may have read it, remove its folder, which is made anew.`,
  );
}

/** Written whole or not at all: a process that dies in the middle leaves the old file. */
async function write(file: string, text: string): Promise<void> {
  const draft = `${file}.${randomBytes(6).toString("hex")}`;
  const handle = await open(draft, "wx", 0o600);
  try {
    await handle.writeFile(text);
    await handle.sync();
  } finally {
    await handle.close();
  }
  await rename(draft, file);
}
