import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import type { Logger } from "pino";
import { ASSERTION_HEADER, checkAssertion, MAX_ASSERTION_CHARACTERS, TeamCertificates } from "../assertions/index.ts";
import type { AccessConfig } from "../config.ts";
import { refuse } from "../contract/index.ts";
import type { Access } from "../surface/roles.ts";
import { checkAccess, type Identity } from "./identity.ts";

/**
 * Asks for an assertion of Cloudflare Access wherever an entry is for administrators. It counts in addition to the
 * access token: a stolen token of an administrator is of no use on a hostname that Access does not protect.
 */
export class AssertionGuard {
  readonly #audiences: readonly string[];
  readonly #certificates: TeamCertificates;
  readonly #clock: () => number;
  /** The assertions of handshakes that had one, by connection. */
  readonly #ofHandshakes = new WeakMap<Duplex, string>();

  constructor({ team, audiences, certificates }: AccessConfig, log: Logger, clock: () => number) {
    this.#audiences = audiences;
    this.#clock = clock;
    this.#certificates = new TeamCertificates(team, { url: certificates, log: (line) => log.warn(line) });
  }

  /** Keeps the assertion of a handshake as long as its connection is open: its namespaces are joined later. */
  keep(request: IncomingMessage): void {
    const assertion = assertionOf(request);
    // one more character than is accepted is refused as a longer one is
    if (assertion) this.#ofHandshakes.set(request.socket, assertion.slice(0, MAX_ASSERTION_CHARACTERS + 1));
  }

  /**
   * Checks a request for an entry; undefined where nothing has to be checked. The role comes first, so that other users
   * cause no work. Rejects with FORBIDDEN, ASSERTION or UNAVAILABLE.
   */
  checkRequest(access: Access, identity: Identity | undefined, request: IncomingMessage): Promise<void> | undefined {
    return access === "admin" ? this.#check(identity, assertionOf(request)) : undefined;
  }

  /** Checks what the client of a socket asks for, by the assertion of the handshake; also whether it has expired. */
  checkSocket(access: Access, identity: Identity | undefined, connection: Duplex): Promise<void> | undefined {
    return access === "admin" ? this.#check(identity, this.#ofHandshakes.get(connection)) : undefined;
  }

  async #check(identity: Identity | undefined, assertion: string | undefined): Promise<void> {
    checkAccess("admin", identity);
    const refusal = await checkAssertion(assertion, this.#certificates, this.#audiences, this.#clock());
    if (refusal?.kind === "no-certificates") throw refuse("UNAVAILABLE", { retryAfter: 1 });
    if (refusal) throw refuse("ASSERTION");
  }
}

/** Node.js joins the values of several such headers with a comma, which no assertion has: it is refused as invalid. */
function assertionOf({ headers }: IncomingMessage): string | undefined {
  const value = headers[ASSERTION_HEADER];
  return Array.isArray(value) ? value.join(", ") : value;
}
