import type { Context, ServiceBroker } from "moleculer";
import {
  announce,
  announceHere,
  type ContextOf,
  type Handlers,
  type Meta,
  type ResultOf,
  refuse,
} from "../contract/index.ts";
import { isNatsResponding } from "../nodes/index.ts";
import {
  type AuditTrail,
  createAuditTrail,
  hashFingerprint,
  toProfile,
  type User,
  type UsersStore,
} from "../users/index.ts";
import { ACCESS_TOKEN_SECONDS } from "./access-token.ts";
import { type AccessTokens, createAccessTokens } from "./access-tokens.ts";
import { type Revocations, roleKey, watchRevocations } from "./revocations.ts";
import { END_REASONS, type EndReason, SESSION_MAX_MS } from "./session.ts";
import { createSessions, type Device, type Sessions } from "./sessions.ts";
import type { AuthStore } from "./store.ts";

export interface AuthOptions {
  readonly store: AuthStore & UsersStore;
  /** Milliseconds since 1970, for all nodes alike. */
  readonly clock: () => number;
}

/** What a started service works with. */
interface Started {
  readonly tokens: AccessTokens;
  readonly sessions: Sessions;
  readonly revocations: Revocations;
}

/** The actions of the service `auth`, one method each. Every action refuses with UNAVAILABLE before `start`. */
export class AuthActions implements Handlers<"auth"> {
  readonly #store: AuthStore & UsersStore;
  readonly #clock: () => number;
  readonly #audit: AuditTrail;
  #started: Started | undefined;

  constructor({ store, clock }: AuthOptions) {
    this.#store = store;
    this.#clock = clock;
    this.#audit = createAuditTrail(store, clock);
  }

  /** Loads the keys, and watches for sessions that have ended on other nodes. */
  async start(broker: ServiceBroker): Promise<void> {
    const store = this.#store;
    const clock = this.#clock;
    const tokens = await createAccessTokens(store, clock);
    const sessions = await createSessions(store, tokens, clock);
    const log = (error: unknown) => broker.logger.error(error);
    const revocations = watchRevocations({
      store,
      clock,
      isNatsResponding: () => isNatsResponding(broker),
      onEnded: (sid) => void announceHere(broker, "session.ended", { sid }).catch(log),
      onRoleChanged: (id, at) => void announceHere(broker, "user.changed", { id, at }).catch(log),
      onSessionsUnreadable: () => {
        tokens.distrustVerified();
        announceHere(broker, "sessions.unreadable", {}).catch(log);
      },
    });
    this.#started = { tokens, sessions, revocations };
  }

  stop(): void {
    this.#started?.revocations.stop();
  }

  async startSession(ctx: ContextOf<"auth.startSession">): Promise<ResultOf<"auth.startSession">> {
    const user = await this.#enabledUser(ctx.params.userId);
    const { passwordFingerprint } = ctx.params;
    const hasPassword = (hash: string) =>
      passwordFingerprint === undefined || hashFingerprint(hash) === passwordFingerprint;
    const session = await this.#ready().sessions.start(user, deviceOf(ctx), hasPassword);
    if (!session) throw refuse("CREDENTIALS");
    const { accessToken, refreshToken } = session;
    for (const id of session.ended) {
      await this.#announceEnd(ctx, id);
      await this.#audit(ctx, "session.ended", user.id, "the oldest of too many");
    }
    return { accessToken, expiresIn: ACCESS_TOKEN_SECONDS, refreshToken };
  }

  async endSessions(ctx: ContextOf<"auth.endSessions">): Promise<ResultOf<"auth.endSessions">> {
    const { userId, except } = ctx.params;
    const reason = END_REASONS.find((known) => known === ctx.params.reason) ?? "ended";
    const sessions = (await this.#store.sessions.list(userId)).filter(({ id }) => id !== except);
    for (const { id } of sessions) await this.#end(ctx, id, reason);
    return { ended: sessions.length };
  }

  async knownAddresses(ctx: ContextOf<"auth.knownAddresses">): Promise<ResultOf<"auth.knownAddresses">> {
    return { addresses: await this.#store.sessions.addressesOf(ctx.params.userId, this.#clock() - SESSION_MAX_MS) };
  }

  async generateToken(ctx: ContextOf<"auth.generateToken">): Promise<ResultOf<"auth.generateToken">> {
    const user = await this.#enabledUser(ctx.params.userId);
    return this.#ready().tokens.issue(user, ctx.params.sid);
  }

  async verifyToken(ctx: ContextOf<"auth.verifyToken">): Promise<ResultOf<"auth.verifyToken">> {
    const identity = await this.#ready().tokens.verify(ctx.params.token);
    if (!identity) throw refuse("UNAUTHORIZED");
    const { id, roles, sid, expiresAt } = identity;
    return { id, roles, sid, exp: expiresAt / 1000 };
  }

  async refresh(ctx: ContextOf<"auth.refresh">): Promise<ResultOf<"auth.refresh">> {
    const { refreshToken } = ctx.params;
    if (refreshToken === undefined) throw refuse("SIGN_IN");
    const result = await this.#ready().sessions.refresh(refreshToken, deviceOf(ctx));
    if (result.outcome === "reused") {
      const { sid, userId } = result;
      const from = ctx.meta.client;
      await this.#announceEnd(ctx, sid);
      await this.#audit(ctx, "session.reused", userId);
      await announce(ctx.broker, "session.reused", { sid, userId, ...(from && { address: from.address }) });
    }
    if (result.outcome !== "renewed") throw refuse("SIGN_IN");
    const user = await this.#enabledUser(result.userId);
    return {
      user: toProfile(user),
      accessToken: result.accessToken,
      expiresIn: ACCESS_TOKEN_SECONDS,
      refreshToken: result.refreshToken,
    };
  }

  async logout(ctx: ContextOf<"auth.logout">): Promise<ResultOf<"auth.logout">> {
    const { sid, id } = ctx.meta.user;
    if (await this.#end(ctx, sid, "logout")) await this.#audit(ctx, "session.ended", id);
    return { ended: true };
  }

  async sessions(ctx: ContextOf<"auth.sessions">): Promise<ResultOf<"auth.sessions">> {
    const { id, sid: current } = ctx.meta.user;
    const sessions = await this.#ready().sessions.list(id);
    return {
      sessions: sessions.map(({ id: sid, createdAt, usedAt, address, agent }) => ({
        sid,
        current: sid === current,
        createdAt,
        usedAt,
        address,
        agent,
      })),
    };
  }

  async endSession(ctx: ContextOf<"auth.endSession">): Promise<ResultOf<"auth.endSession">> {
    const { id } = ctx.meta.user;
    const { sid } = ctx.params;
    const found = await this.#store.sessions.find(sid);
    // the response is the same for another user's session and for one that does not exist
    if (found?.session.userId !== id) throw refuse("NOT_FOUND");
    if (await this.#end(ctx, sid, "ended")) await this.#audit(ctx, "session.ended", id);
    return { ended: true };
  }

  async jwks(): Promise<ResultOf<"auth.jwks">> {
    return { keys: await this.#ready().tokens.jwks() };
  }

  /** The event of a session's end has arrived at this node. */
  noteEnded(sid: string): void {
    this.#started?.revocations.ignore(sid);
    this.#started?.tokens.forget(sid);
  }

  /** The event of a change of a user's role has arrived at this node. */
  noteRoleChanged(id: string, at: number): void {
    this.#started?.revocations.ignore(roleKey(id, at));
    this.#started?.tokens.recheck(id);
  }

  #ready(): Started {
    if (!this.#started) throw refuse("UNAVAILABLE", { retryAfter: 1 });
    return this.#started;
  }

  async #enabledUser(id: string): Promise<User> {
    const user = await this.#store.users.find(id);
    if (!user || user.disabledAt !== null) throw refuse("UNAUTHORIZED");
    return user;
  }

  /**
   * Ends a session on all nodes. False when it had ended already: an earlier request has announced that, and repeated
   * requests broadcast nothing.
   */
  async #end(ctx: Context<unknown, Meta>, sid: string, reason: EndReason): Promise<boolean> {
    if (!(await this.#ready().sessions.end(sid, reason))) return false;
    await this.#announceEnd(ctx, sid);
    return true;
  }

  /** This node forgets a session's tokens before the response, the others and the sockets when the event arrives. */
  async #announceEnd(ctx: Context<unknown, Meta>, sid: string): Promise<void> {
    this.#ready().tokens.forget(sid);
    await announce(ctx.broker, "session.ended", { sid });
  }
}

function deviceOf({ meta }: Context<unknown, Meta>): Device {
  return { address: meta.client?.address ?? null, agent: meta.client?.userAgent ?? null };
}
