import { X509Certificate } from "node:crypto";
import { chmod, mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "@jest/globals";
import { edgeCertificates } from "../../../../infra/local/tunnel/certificates.ts";

const DAY = 86_400_000;
const now = Date.UTC(2026, 10, 22);
let folder: string;

beforeEach(async () => {
  folder = join(await mkdtemp(join(tmpdir(), "causeway-certificates-")), "tunnel");
});
afterEach(() => rm(join(folder, ".."), { recursive: true }));

const file = (name: string) => join(folder, name);
const ca = () => readFile(file("ca.pem"), "utf8");

test("makes an authority and a leaf that cloudflared accepts, all private to their owner", async () => {
  const { cert, caFile } = await edgeCertificates(folder, now);
  const leaf = new X509Certificate(cert);
  const authority = new X509Certificate(await readFile(caFile));
  expect(leaf.verify(authority.publicKey) && leaf.checkIssued(authority)).toBe(true);
  expect([leaf.checkHost("h2.cftunnel.com"), leaf.checkIP("127.0.0.1")]).toEqual(["h2.cftunnel.com", "127.0.0.1"]);
  expect([leaf.checkHost("example.com"), leaf.ca, authority.ca]).toEqual([undefined, false, true]);
  for (const name of ["ca.pem", "ca-key.pem", "edge.pem", "edge-key.pem"]) {
    expect((await stat(file(name))).mode & 0o777).toBe(0o600);
  }
  expect((await stat(folder)).mode & 0o777).toBe(0o700);
});

test("keeps what is good, renews the leaf before it expires and the authority before its leaves would outlive it", async () => {
  const first = await edgeCertificates(folder, now);
  const authority = await ca();
  expect(await edgeCertificates(folder, now + 300 * DAY)).toEqual(first);
  const renewed = await edgeCertificates(folder, now + 340 * DAY);
  expect(renewed.cert).not.toBe(first.cert);
  expect(await ca()).toBe(authority);
  await edgeCertificates(folder, now + 3300 * DAY);
  expect(await ca()).not.toBe(authority);
});

test.each(["ca.pem", "ca-key.pem", "edge.pem", "edge-key.pem"])(
  "replaces a damaged %s and what depends on it",
  async (name) => {
    await edgeCertificates(folder, now);
    await writeFile(file(name), "-----BEGIN NONSENSE-----\n");
    const { cert, caFile } = await edgeCertificates(folder, now);
    expect(new X509Certificate(cert).verify(new X509Certificate(await readFile(caFile)).publicKey)).toBe(true);
  },
);

test.each([
  ["ca-key.pem", 0o644],
  ["ca-key.pem", 0o640],
  ["edge-key.pem", 0o604],
])("S17: %s that others can read (%i) is refused, with what to do", async (name, mode) => {
  const first = await edgeCertificates(folder, now);
  await chmod(file(name), mode);
  const again = edgeCertificates(folder, now);
  await expect(again).rejects.toMatchObject({ code: "CERTIFICATES_UNUSABLE" });
  await expect(again).rejects.toThrow(`mode 0${mode.toString(8)}; 0600 is expected). Use \`chmod 600 ${file(name)}\``);
  await chmod(file(name), 0o600);
  await chmod(file("ca.pem"), 0o644); // connectors of other users may read the certificate
  expect(await edgeCertificates(folder, now)).toEqual(first);
});
