import type { Context } from "moleculer";
import { type Caller, type ContextOf, type Handlers, type Meta, type ResultOf, refuse } from "../contract/index.ts";
import { type Role, rolesUpTo } from "../surface/roles.ts";
import type { AuditAction } from "../surface.ts";
import type { User as Account, AuditTrail } from "../users/index.ts";
import { isMuted, ROOM_ROLES, type RoomRole, roleIn, type Standing } from "./membership.ts";
import { announceMembership, endMembership } from "./memberships.ts";
import { MODERATOR_RANK, NOT_A_MEMBER_RANK, OWNER_RANK, rankOf, SITE_MODERATOR_RANK } from "./moderation.ts";
import { LOBBY, MAX_INVITATIONS, MAX_ROOMS, type Room } from "./room.ts";
import { type ChatParts, notInRoomError, requireRank } from "./room-access.ts";
import type { MemberChanged } from "./shapes.ts";
import type { ChangeCheck } from "./store/index.ts";

type Moderation = Pick<Handlers<"chat">, "invite" | "setRoomRole" | "mute" | "unmute" | "kick" | "ban" | "unban">;
type ModerationCall = Context<{ readonly room: string; readonly user: string }, Meta & { readonly user: Caller }>;

interface ModerationCase {
  readonly room: Room;
  /** The caller's rank. */
  readonly rank: number;
  readonly target: Account;
  readonly targetStanding: Standing;
  /** Checks the rule again in the transaction that makes the change: ranks may have changed meanwhile. */
  readonly check: ChangeCheck;
}

/**
 * Throws unless the caller may act on the target, another user. `target` is the target's standing in the room, and
 * `targetRole` the role on the site.
 */
type ModerationRule = (callerRank: number, target: Standing | undefined, targetRole: Role) => void;

/** The caller has to be a moderator, and to rank above the target. */
const assertRanksAbove: ModerationRule = (callerRank, target, targetRole) => {
  assertRanksAtLeast(MODERATOR_RANK)(callerRank, target, targetRole);
  if (target && rankOf(target, rolesUpTo(targetRole)) >= callerRank) throw refuse("FORBIDDEN", { field: "user" });
};

function assertRanksAtLeast(least: number): ModerationRule {
  return (callerRank) => {
    if (callerRank < least) throw refuse("FORBIDDEN");
  };
}

/**
 * What owners and moderators of a room, and site moderators in public rooms, may do to users who rank below them. What
 * site moderators do is audited.
 */
export function chatModeration(parts: ModerationParts): Moderation {
  const actions = new ModerationActions(parts);
  return {
    invite: (ctx) => actions.invite(ctx),
    setRoomRole: (ctx) => actions.setRoomRole(ctx),
    mute: (ctx) => actions.mute(ctx),
    unmute: (ctx) => actions.unmute(ctx),
    kick: (ctx) => actions.kick(ctx),
    ban: (ctx) => actions.ban(ctx),
    unban: (ctx) => actions.unban(ctx),
  };
}

type ModerationParts = ChatParts & { readonly audit: AuditTrail };

class ModerationActions implements Moderation {
  readonly #parts: ModerationParts;

  constructor(parts: ModerationParts) {
    this.#parts = parts;
  }

  async invite(ctx: ContextOf<"chat.invite">): Promise<ResultOf<"chat.invite">> {
    const { store, clock } = this.#parts;
    const { room, target, targetStanding, check } = await this.#requireAllowedCase(
      ctx,
      assertRanksAtLeast(MODERATOR_RANK),
    );
    assertNotLobby(room);
    const invite = () => store.members.invite(room.key, target.id, clock(), { check, maxInvitations: MAX_INVITATIONS });
    const outcome = roleIn(targetStanding) ? "known" : await invite();
    if (outcome === "disabled") throw refuse("NOT_FOUND", { field: "user" });
    if (outcome === "too-many") throw refuse("INVITATIONS", { field: "user" });
    if (outcome === "known") throw refuse("ALREADY_KNOWN", { field: "user" });
    await announceMembership(ctx, room, target.id, "invited", { role: null, mutedUntil: null });
    return { invited: true };
  }

  async setRoomRole(ctx: ContextOf<"chat.setRoomRole">): Promise<ResultOf<"chat.setRoomRole">> {
    const role: RoomRole | undefined = ROOM_ROLES.find((known) => known === ctx.params.role);
    if (!role) throw refuse("VALIDATION", { field: "role" });
    const isOwn = ctx.params.user === ctx.meta.user.id;
    const allowed = await this.#requireAllowedCase(ctx, (callerRank, targetBefore, targetRole) => {
      assertRanksAtLeast(OWNER_RANK)(callerRank, targetBefore, targetRole);
      // an owner may step down; only a site moderator takes the role of another owner
      const isOwner = targetBefore && roleIn(targetBefore) === "owner";
      if (!isOwn && isOwner && callerRank < SITE_MODERATOR_RANK) throw refuse("FORBIDDEN", { field: "user" });
    });
    const { room, target, targetStanding, check } = allowed;
    assertNotLobby(room);
    const before = roleIn(targetStanding);
    if (!before) throw refuse("NOT_FOUND", { field: "user" });
    if (role === before) return this.#membershipAfter(room, target.id);
    const limits = role === "owner" ? { limits: MAX_ROOMS } : {};
    const outcome = await this.#parts.store.members.setRole(room.key, target.id, role, { check, ...limits });
    if (outcome === "too-many") throw refuse("ROOM_LIMIT");
    if (outcome === "last-owner") throw refuse("LAST_OWNER", { field: "user" });
    const changed = await this.#membershipAfter(room, target.id);
    await announceMembership(ctx, room, target.id, "role", changed);
    await this.#auditSiteModerator(ctx, allowed, "member.role");
    return changed;
  }

  mute(ctx: ContextOf<"chat.mute">): Promise<ResultOf<"chat.mute">> {
    return this.#setMuted(ctx, this.#parts.clock() + ctx.params.seconds * 1000);
  }

  unmute(ctx: ContextOf<"chat.unmute">): Promise<ResultOf<"chat.unmute">> {
    return this.#setMuted(ctx, null);
  }

  async kick(ctx: ContextOf<"chat.kick">): Promise<ResultOf<"chat.kick">> {
    const { store, clock } = this.#parts;
    const allowed = await this.#requireAllowedCase(ctx, assertRanksAbove);
    const { room, target } = allowed;
    assertNotLobby(room);
    const wasInvited = await store.members.revoke(room.key, target.id, "invited", clock(), allowed.check);
    if (!wasInvited && !(await endMembership(this.#parts, ctx, room, target.id, "kicked", allowed.check))) {
      throw refuse("NOT_FOUND", { field: "user" });
    }
    await this.#auditSiteModerator(ctx, allowed, "member.kicked");
    return this.#membershipAfter(room, target.id);
  }

  async ban(ctx: ContextOf<"chat.ban">): Promise<ResultOf<"chat.ban">> {
    const { store, clock } = this.#parts;
    const allowed = await this.#requireAllowedCase(ctx, assertRanksAbove);
    const { room, target } = allowed;
    assertNotLobby(room);
    const end = () => endMembership(this.#parts, ctx, room, target.id, "banned", allowed.check);
    const banOutsider = () => store.members.banOutsider(room.key, target.id, clock(), allowed.check);
    // the user may enter and leave between the two, again and again: one of them has to succeed
    for (let isBanned = false; !isBanned; ) isBanned = (await end()) || (await banOutsider());
    await this.#auditSiteModerator(ctx, allowed, "member.banned");
    return this.#membershipAfter(room, target.id);
  }

  async unban(ctx: ContextOf<"chat.unban">): Promise<ResultOf<"chat.unban">> {
    const { store, clock } = this.#parts;
    const allowed = await this.#requireAllowedCase(ctx, assertRanksAbove);
    const { room, target } = allowed;
    if (!(await store.members.revoke(room.key, target.id, "banned", clock(), allowed.check))) {
      throw refuse("NOT_FOUND", { field: "user" });
    }
    const changed = await this.#membershipAfter(room, target.id);
    await announceMembership(ctx, room, target.id, "unbanned", changed);
    await this.#auditSiteModerator(ctx, allowed, "member.unbanned");
    return changed;
  }

  /** Reads what the rule needs, and throws unless it allows the caller to act on the user. */
  async #requireAllowedCase(ctx: ModerationCall, rule: ModerationRule): Promise<ModerationCase> {
    const { store } = this.#parts;
    const { user: actor } = ctx.meta;
    const { room, rank: callerRank } = await requireRank(store, ctx);
    if (room.kind === "direct") throw refuse("DIRECT_ROOM", { field: "room" });
    const target = await store.users.find(ctx.params.user);
    const targetStanding = target && (await store.rooms.findStanding(room.key, target.id));
    rule(callerRank, targetStanding, target?.role ?? "user");
    if (!targetStanding) throw refuse("NOT_FOUND", { field: "user" });
    const check = store.members.permissionCheck(room.key, actor, target.id, (caller, targetNow, targetRole) => {
      const callerRank = caller ? rankOf(caller, actor.roles) : NOT_A_MEMBER_RANK;
      if (callerRank === NOT_A_MEMBER_RANK) throw notInRoomError(caller);
      rule(callerRank, targetNow, targetRole);
    });
    return { room, rank: callerRank, target, targetStanding, check };
  }

  async #setMuted(ctx: ModerationCall, until: number | null): Promise<MemberChanged> {
    const { store, clock } = this.#parts;
    const allowed = await this.#requireAllowedCase(ctx, assertRanksAbove);
    const { room, target } = allowed;
    if (room.key === LOBBY && !allowed.targetStanding.membership) {
      const limit = Number.MAX_SAFE_INTEGER;
      await store.members.enter({
        room: LOBBY,
        userId: target.id,
        at: clock(),
        fromStates: ["none"],
        maxMembers: limit,
      });
    }
    if (!(await store.members.setMuted(room.key, target.id, until, allowed.check)))
      throw refuse("NOT_FOUND", { field: "user" });
    const changed = await this.#membershipAfter(room, target.id);
    await announceMembership(ctx, room, target.id, until === null ? "unmuted" : "muted", changed);
    await this.#auditSiteModerator(ctx, allowed, until === null ? "member.unmuted" : "member.muted");
    return changed;
  }

  /** Writes into the audit log what a site moderator has done; nothing for other callers. */
  async #auditSiteModerator(
    ctx: ModerationCall,
    { rank, room, target }: ModerationCase,
    action: AuditAction,
  ): Promise<void> {
    if (rank === SITE_MODERATOR_RANK) await this.#parts.audit(ctx, action, target.id, room.key);
  }

  /** The user's membership after the change. */
  async #membershipAfter(room: Room, user: string): Promise<MemberChanged> {
    const { store, clock } = this.#parts;
    const standing = await store.rooms.findStanding(room.key, user);
    const until = standing && isMuted(standing, clock()) ? standing.membership?.mutedUntil : null;
    return { room: room.key, user, role: (standing && roleIn(standing)) ?? null, mutedUntil: until ?? null };
  }
}

function assertNotLobby(room: Room): void {
  if (room.key === LOBBY) throw refuse("LOBBY", { field: "room" });
}
