/**
 * A stand-in for Vault's transit engine (https://developer.hashicorp.com/vault/api-docs/secret/transit), as far as
 * Pulumi's secrets provider `hashivault://KEY` uses it. Keys are made when they are first used.
 */
import { createCipheriv, createDecipheriv, randomBytes } from "node:crypto";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";

export interface VaultStandIn {
  /** What the CLI needs in its environment. */
  readonly environment: Readonly<Record<string, string>>;
  /** How many texts it has decrypted. */
  decrypted(): number;
  close(): void;
}

export async function startVault(): Promise<VaultStandIn> {
  const token = randomBytes(16).toString("hex");
  const keys = new Map<string, Buffer>();
  const keyOf = (name: string) => keys.getOrInsertComputed(name, () => randomBytes(32));
  let decrypted = 0;
  const server = createServer(async (request, response) => {
    const [, operation = "", name = ""] = /^\/v1\/transit\/(encrypt|decrypt)\/(\w+)$/.exec(request.url ?? "") ?? [];
    const body = await text(request);
    const refusal = request.headers["x-vault-token"] !== token ? 403 : operation === "" ? 404 : undefined;
    if (refusal !== undefined) {
      response.writeHead(refusal).end('{"errors":[]}');
      return;
    }
    const { plaintext = "", ciphertext = "" } = JSON.parse(body);
    if (operation === "decrypt") decrypted += 1;
    const data =
      operation === "encrypt"
        ? { ciphertext: seal(keyOf(name), plaintext) }
        : { plaintext: unseal(keyOf(name), ciphertext) };
    response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify({ data }));
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const address = `http://127.0.0.1:${port}`;
  return {
    environment: { VAULT_ADDR: address, VAULT_TOKEN: token, VAULT_SERVER_URL: address, VAULT_SERVER_TOKEN: token },
    decrypted: () => decrypted,
    close: () => server.close(),
  };
}

const PREFIX = "vault:v1:";

function seal(key: Buffer, plaintext: string): string {
  const iv = randomBytes(12);
  const cipher = createCipheriv("aes-256-gcm", key, iv);
  const sealed = Buffer.concat([cipher.update(plaintext, "base64"), cipher.final()]);
  return PREFIX + Buffer.concat([iv, cipher.getAuthTag(), sealed]).toString("base64");
}

function unseal(key: Buffer, ciphertext: string): string {
  const bytes = Buffer.from(ciphertext.slice(PREFIX.length), "base64");
  const decipher = createDecipheriv("aes-256-gcm", key, bytes.subarray(0, 12)).setAuthTag(bytes.subarray(12, 28));
  return Buffer.concat([decipher.update(bytes.subarray(28)), decipher.final()]).toString("base64");
}
