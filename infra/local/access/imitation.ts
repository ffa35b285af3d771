import type { AccessAccount } from "../api/state.ts";
import { Assertions } from "./assertions.ts";
import { decideAccess } from "./decide-access.ts";
import { accessEndpoint, type PassedLogin } from "./endpoints.ts";
import { LoginAttempts } from "./login-attempts.ts";
import type { AccessDecision, AccessRequest, AccessResponse, FormWanted } from "./outcome.ts";

/** The imitation of Cloudflare Access. Keys, sessions and logins are its own, and end with it. */
export class AccessImitation {
  readonly #accounts: () => readonly AccessAccount[];
  readonly #assertions = new Assertions();
  readonly #attempts = new LoginAttempts<PassedLogin>();

  constructor(accounts: () => readonly AccessAccount[]) {
    this.#accounts = accounts;
  }

  /** The response of one of Access's own paths; undefined for a request that is for a site. */
  endpoint(request: AccessRequest, zoneAccountId: string | undefined): AccessResponse | FormWanted | undefined {
    return accessEndpoint(request, zoneAccountId, {
      accounts: this.#accounts(),
      assertions: this.#assertions,
      attempts: this.#attempts,
    });
  }

  /** Decides on a request that the rules of its zone let pass. */
  decide(request: AccessRequest, zone: { readonly name: string; readonly accountId: string }): AccessDecision {
    const account = this.#accounts().find(({ id }) => id === zone.accountId);
    if (!account) return { kind: "pass" };
    return decideAccess(request, zone.name, { account, assertions: this.#assertions, attempts: this.#attempts });
  }

  /** Signs with a new key from now on; the one before is still listed and accepted. */
  rotateKeys(): void {
    this.#assertions.rotateKeys();
  }
}
