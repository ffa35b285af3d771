import { generateKeyPairSync, type KeyObject } from "node:crypto";
import { once } from "node:events";
import { createServer, type RequestListener, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import jsonwebtoken from "jsonwebtoken";

/** A key pair of an authority, by the id that its assertions name. */
export interface SigningKey {
  readonly kid: string;
  readonly privateKey: KeyObject;
  readonly publicKey: KeyObject;
}

export function signingKey(kid: string, bits = 2048): SigningKey {
  return { kid, ...generateKeyPairSync("rsa", { modulusLength: bits }) };
}

/** The body of the path with certificates, as Cloudflare has it for keys of RS256. */
export const keySetOf = (keys: readonly SigningKey[]): string =>
  JSON.stringify({
    keys: keys.map(({ kid, publicKey }) => ({
      ...{ kid, alg: "RS256", use: "sig" },
      ...publicKey.export({ format: "jwk" }),
    })),
  });

/** What is unusual of an assertion. */
export interface AssertionFacts {
  readonly key?: SigningKey;
  /** The id of the key that the assertion names, where it names another one. */
  readonly kid?: string;
  readonly algorithm?: "RS256" | "RS512" | "PS256";
  readonly claims?: Readonly<Record<string, unknown>>;
}

export const TEAM = "causeway-test";
export const AUDIENCE = "a1".repeat(32);

/** Signs an assertion for ann@example.com, by another library than the one that checks it. */
export function assertionBy(key: SigningKey, { kid = key.kid, algorithm = "RS256", claims }: AssertionFacts = {}) {
  const now = Math.floor(Date.now() / 1000);
  const usual = { iss: `https://${TEAM}.cloudflareaccess.com`, aud: [AUDIENCE], iat: now, nbf: now, exp: now + 600 };
  const payload = { ...usual, type: "app", sub: "ann", email: "ann@example.com", ...claims };
  const given = Object.fromEntries(Object.entries(payload).filter(([, value]) => value !== undefined));
  return jsonwebtoken.sign(given, key.privateKey, { algorithm, keyid: kid, allowInsecureKeySizes: true });
}

/** A server with the certificates of a team, on 127.0.0.1. */
export class TestTeam {
  /** Requests for the certificates. */
  requests = 0;
  /** What the server does instead of sending the certificates. */
  instead: RequestListener | undefined;
  /** Where the certificates are, also when the server has stopped. */
  readonly url = new URL("http://127.0.0.1/cdn-cgi/access/certs");
  readonly #server: Server;
  #keys: readonly SigningKey[];

  private constructor(keys: readonly SigningKey[]) {
    this.#keys = keys;
    this.#server = createServer((request, response) => {
      this.requests += 1;
      if (this.instead) this.instead(request, response);
      else response.setHeader("content-type", "application/json").end(keySetOf(this.#keys));
    });
  }

  static async start(...keys: readonly SigningKey[]): Promise<TestTeam> {
    const team = new TestTeam(keys);
    await once(team.#server.listen(0, "127.0.0.1"), "listening");
    team.url.port = String((team.#server.address() as AddressInfo).port);
    return team;
  }

  rotateTo(...keys: readonly SigningKey[]): void {
    this.#keys = keys;
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    if (this.#server.listening) await once(this.#server.close(), "close");
  }
}
