import { io } from "socket.io-client";
import { type ClientOptions, SiteClient } from "../../../backend/client/index.ts";

/** A client whose changes can be waited for. */
export class TestClient extends SiteClient {
  /** How often the session has ended without `logout` and `removeAccount`. */
  signedOut = 0;
  readonly #checks = new Set<() => void>();

  constructor(url: string, options: Partial<ClientOptions> = {}) {
    super({
      url,
      connect: (how) => io(url, how),
      backoff: { firstMs: 20, maxMs: 100 },
      onChange: () => this.check(),
      onSignedOut: () => {
        this.signedOut += 1;
        this.check();
      },
      ...options,
    });
  }

  /** Called after every change. */
  protected check(): void {
    for (const check of this.#checks) check();
  }

  until(condition: () => boolean): Promise<void> {
    return new Promise((resolve) => {
      const check = () => {
        if (!condition()) return;
        this.#checks.delete(check);
        resolve();
      };
      this.#checks.add(check);
      check();
    });
  }

  async online(): Promise<this> {
    await this.until(() => this.state === "online");
    return this;
  }
}
