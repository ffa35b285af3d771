import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import type { Logger } from "pino";
import { ASSERTION_HEADER, checkAssertion, MAX_ASSERTION_CHARACTERS, TeamCertificates } from "../assertions/index.ts";
import type { AccessConfig } from "../config.ts";
import { refuse } from "../contract/index.ts";
import type { Access } from "../surface/roles.ts";
import type { GatewaySocket } from "./gateway-socket.ts";
import { checkAccess, type Identity, untilExpiry } from "./identity.ts";

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
  /** The connections that are closed when their assertion expires. */
  readonly #closing = new WeakSet<GatewaySocket["conn"]>();

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
   * cause no work. Resolves with the identity, which expires with the assertion at the latest. Rejects with FORBIDDEN,
   * ASSERTION or UNAVAILABLE.
   */
  checkRequest(
    access: Access,
    identity: Identity | undefined,
    request: IncomingMessage,
  ): Promise<Identity> | undefined {
    return access === "admin" ? this.#checkRequest(identity, request) : undefined;
  }

  /**
   * Checks what the client of a socket asks for, by the assertion of the handshake. The connection is closed when that
   * assertion expires: the client needs another handshake to show another one.
   */
  checkSocket(access: Access, identity: Identity | undefined, socket: GatewaySocket): Promise<void> | undefined {
    return access === "admin" ? this.#checkSocket(identity, socket) : undefined;
  }

  async #checkRequest(identity: Identity | undefined, request: IncomingMessage): Promise<Identity> {
    if (!identity) throw refuse("UNAUTHORIZED");
    const until = await this.#check(identity, assertionOf(request));
    return Object.freeze({ ...identity, expiresAt: Math.min(identity.expiresAt, until) });
  }

  async #checkSocket(identity: Identity | undefined, { conn, request }: GatewaySocket): Promise<void> {
    const until = await this.#check(identity, this.#ofHandshakes.get(request.socket));
    if (this.#closing.has(conn) || request.socket.destroyed) return;
    this.#closing.add(conn);
    const timer = setTimeout(() => conn.close(), untilExpiry(until, this.#clock())).unref();
    request.socket.once("close", () => clearTimeout(timer));
  }

  /** Resolves with the time until which the assertion is accepted, in milliseconds since 1970. */
  async #check(identity: Identity | undefined, assertion: string | undefined): Promise<number> {
    checkAccess("admin", identity);
    const checked = await checkAssertion(assertion, this.#certificates, this.#audiences, this.#clock());
    if (checked.kind === "accepted") return checked.until;
    if (checked.kind === "no-certificates") throw refuse("UNAVAILABLE", { retryAfter: 1 });
    throw refuse("ASSERTION");
  }
}

/** Node.js joins the values of several such headers with a comma, which no assertion has: it is refused as invalid. */
function assertionOf({ headers }: IncomingMessage): string | undefined {
  const value = headers[ASSERTION_HEADER];
  return Array.isArray(value) ? value.join(", ") : value;
}
