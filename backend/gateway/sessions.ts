import type { ServiceBroker } from "moleculer";
import { refuse } from "../contract/index.ts";
import { bearerToken, type Identity, identify } from "./identity.ts";
import { RecentKeys } from "./recent.ts";

/** Milliseconds for which a verified token is accepted again without a call: a page sends several requests at once. */
const REMEMBERED_MS = 300;
/** Most tokens that are remembered; all are forgotten when there would be more. */
const MAX_REMEMBERED = 10_000;

/**
 * Verifies access tokens by the auth service, and keeps each result for a moment. It also remembers what has happened
 * since: that a session has ended, that a user's roles have changed, or that the node could not read which sessions
 * have ended.
 */
export class GatewaySessions {
  readonly #broker: ServiceBroker;
  readonly #clock: () => number;
  /** By `Authorization` header. */
  readonly #remembered = new Map<string, Identity & { readonly at: number }>();
  readonly #ended = new RecentKeys();
  /** Users whose roles have changed. */
  readonly #changed = new RecentKeys();
  /** When this node last could not read which sessions have ended, by `performance.now`. */
  #unreadableAt = Number.NEGATIVE_INFINITY;
  /** Number of ends and changes. */
  #changes = 0;

  /** `clock` in milliseconds since 1970, for all nodes alike. */
  constructor(broker: ServiceBroker, clock: () => number = Date.now) {
    this.#broker = broker;
    this.#clock = clock;
  }

  /**
   * The identity of an `Authorization` header, without a promise where it is remembered. Throws UNAUTHORIZED, or
   * rejects with it.
   */
  ofHeader(authorization: string | undefined): Identity | Promise<Identity> {
    const known = authorization === undefined ? undefined : this.#remembered.get(authorization);
    return known && this.#isFresh(known) ? known : this.#askAndRemember(authorization);
  }

  /** Verifies a token. Rejects with UNAUTHORIZED, also where its session ended meanwhile. */
  async verify(token: unknown): Promise<Identity> {
    const identity = await identify(this.#broker, token);
    if (this.#ended.has(identity.user.sid)) throw refuse("UNAUTHORIZED");
    return identity;
  }

  /** Verifies a fresh token for a socket. Rejects with UNAUTHORIZED where its user or session is another one. */
  async verifyFresh(token: unknown, before: Identity): Promise<Identity> {
    const identity = await this.verify(token);
    if (identity.user.id !== before.user.id || identity.user.sid !== before.user.sid) throw refuse("UNAUTHORIZED");
    return identity;
  }

  /**
   * Whether a socket may be opened, or an action run, for an identity: since the auth service was asked, its session
   * has not ended, its user's roles have not changed, and this node could read which sessions have ended.
   */
  isCurrent({ user, askedAt }: Identity): boolean {
    return askedAt > this.#unreadableAt && !this.#ended.has(user.sid) && !this.#changed.has(user.id, askedAt);
  }

  /** A session has ended. */
  noteEnded(sid: string): void {
    this.#ended.add(sid);
    this.#forget();
  }

  /** A user's roles have changed. */
  noteChanged(userId: string): void {
    this.#changed.add(userId);
    this.#forget();
  }

  /** This node cannot read which sessions have ended. */
  noteUnreadable(): void {
    this.#unreadableAt = performance.now();
    this.#forget();
  }

  #forget(): void {
    this.#changes += 1;
    this.#remembered.clear();
  }

  async #askAndRemember(authorization: string | undefined): Promise<Identity> {
    const before = this.#changes;
    const at = this.#clock();
    const identity = await this.verify(bearerToken(authorization));
    // a session may have ended, or roles changed, since the service was asked
    if (authorization === undefined || before !== this.#changes) return identity;
    if (this.#remembered.size >= MAX_REMEMBERED) this.#remembered.clear();
    this.#remembered.set(authorization, Object.freeze({ ...identity, at }));
    return identity;
  }

  /** Also false when the clock was set back. */
  #isFresh({ at, expiresAt }: Identity & { readonly at: number }): boolean {
    const now = this.#clock();
    return now >= at && now < Math.min(at + REMEMBERED_MS, expiresAt);
  }
}
