import { randomBytes, randomUUID } from "node:crypto";
import {
  authorizeTunnel,
  type TunnelConfiguration,
  type TunnelEdgeOptions,
} from "../../../../infra/local/tunnel/index.ts";

/** An account with one tunnel. */
export class OneTunnel {
  readonly id = randomUUID();
  secret = randomBytes(32);
  readonly #config: TunnelConfiguration | null;

  constructor(config: TunnelConfiguration | null = null) {
    this.#config = config;
  }

  /** The token that a connector runs it with, or one with another secret. */
  token(secret = this.secret): string {
    return Buffer.from(JSON.stringify({ a: "account", t: this.id, s: secret.toString("base64") })).toString("base64");
  }

  readonly authorize: TunnelEdgeOptions["authorize"] = (claim) => {
    const known = {
      accountTag: "account",
      secret: this.secret,
      config: this.#config,
      version: this.#config ? 1 : 0,
      deletedAt: null,
    };
    return authorizeTunnel(claim.tunnelId === this.id ? known : undefined, claim);
  };
}
