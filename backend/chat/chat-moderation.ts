import type { Context } from "moleculer";
import { type Caller, type ContextOf, type Handlers, type Meta, type ResultOf, refuse } from "../contract/index.ts";
import { type Role, rolesUpTo } from "../surface/roles.ts";
import type { AuditAction } from "../surface.ts";
import type { User as Account, AuditTrail } from "../users/index.ts";
import { isMuted, ROOM_ROLES, type RoomMembership, type RoomRole, roleIn } from "./membership.ts";
import { endMembership, tellMembership } from "./memberships.ts";
import { MODERATOR, OWNER, rank, SITE } from "./moderation.ts";
import { INVITATIONS_MAX, LOBBY, ROOMS_MAX, type Room } from "./room.ts";
import { type ChatParts, ranked, shutOut } from "./room-access.ts";
import type { MemberChanged } from "./shapes.ts";
import type { Check } from "./store/index.ts";

type Moderation = Pick<Handlers<"chat">, "invite" | "setRoomRole" | "mute" | "unmute" | "kick" | "ban" | "unban">;
type ModerationCall = Context<{ readonly room: string; readonly user: string }, Meta & { readonly user: Caller }>;

interface Case {
  readonly room: Room;
  /** The caller's rank. */
  readonly rank: number;
  readonly target: Account;
  readonly theirs: RoomMembership;
  /** Checks the rule again in the transaction that makes the change: ranks may have changed meanwhile. */
  readonly check: Check;
}

/**
 * Throws unless the caller may act on the target, another user. `target` is the target's standing in the room, and
 * `targetRole` the role on the site.
 */
type ModerationRule = (callerRank: number, target: RoomMembership | undefined, targetRole: Role) => void;

/** The caller has to be a moderator, and to rank above the target. */
const ranksAbove: ModerationRule = (callerRank, target, targetRole) => {
  ranksAtLeast(MODERATOR)(callerRank, target, targetRole);
  if (target && rank(target, rolesUpTo(targetRole)) >= callerRank) throw refuse("FORBIDDEN", { field: "user" });
};

function ranksAtLeast(least: number): ModerationRule {
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
    const { room, target, theirs, check } = await this.#caseOf(ctx, ranksAtLeast(MODERATOR));
    notTheLobby(room);
    const invite = () => store.members.invite(room.key, target.id, clock(), { check, most: INVITATIONS_MAX });
    const outcome = roleIn(theirs) ? "known" : await invite();
    if (outcome === "disabled") throw refuse("NOT_FOUND", { field: "user" });
    if (outcome === "too-many") throw refuse("INVITATIONS", { field: "user" });
    if (outcome === "known") throw refuse("ALREADY_KNOWN", { field: "user" });
    await tellMembership(ctx, room, target.id, "invited", { role: null, mutedUntil: null });
    return { invited: true };
  }

  async setRoomRole(ctx: ContextOf<"chat.setRoomRole">): Promise<ResultOf<"chat.setRoomRole">> {
    const role: RoomRole | undefined = ROOM_ROLES.find((known) => known === ctx.params.role);
    if (!role) throw refuse("VALIDATION", { field: "role" });
    const isOwn = ctx.params.user === ctx.meta.user.id;
    const found = await this.#caseOf(ctx, (callerRank, targetBefore, targetRole) => {
      ranksAtLeast(OWNER)(callerRank, targetBefore, targetRole);
      // an owner may step down; only a site moderator takes the role of another owner
      const isOwner = targetBefore && roleIn(targetBefore) === "owner";
      if (!isOwn && isOwner && callerRank < SITE) throw refuse("FORBIDDEN", { field: "user" });
    });
    const { room, target, theirs, check } = found;
    notTheLobby(room);
    const before = roleIn(theirs);
    if (!before) throw refuse("NOT_FOUND", { field: "user" });
    if (role === before) return this.#after(room, target.id);
    const most = role === "owner" ? { most: ROOMS_MAX } : {};
    const outcome = await this.#parts.store.members.setRole(room.key, target.id, role, { check, ...most });
    if (outcome === "too-many") throw refuse("ROOM_LIMIT");
    if (outcome === "last-owner") throw refuse("LAST_OWNER", { field: "user" });
    const changed = await this.#after(room, target.id);
    await tellMembership(ctx, room, target.id, "role", changed);
    await this.#record(ctx, found, "member.role");
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
    const found = await this.#caseOf(ctx, ranksAbove);
    const { room, target } = found;
    notTheLobby(room);
    const wasInvited = await store.members.release(room.key, target.id, "invited", clock(), found.check);
    if (!wasInvited && !(await endMembership(this.#parts, ctx, room, target.id, "kicked", found.check))) {
      throw refuse("NOT_FOUND", { field: "user" });
    }
    await this.#record(ctx, found, "member.kicked");
    return this.#after(room, target.id);
  }

  async ban(ctx: ContextOf<"chat.ban">): Promise<ResultOf<"chat.ban">> {
    const { store, clock } = this.#parts;
    const found = await this.#caseOf(ctx, ranksAbove);
    const { room, target } = found;
    notTheLobby(room);
    // the user may enter between the two: then the membership has to be ended after all
    const end = () => endMembership(this.#parts, ctx, room, target.id, "banned", found.check);
    if (!(await end()) && !(await store.members.shutOut(room.key, target.id, clock(), found.check))) await end();
    await this.#record(ctx, found, "member.banned");
    return this.#after(room, target.id);
  }

  async unban(ctx: ContextOf<"chat.unban">): Promise<ResultOf<"chat.unban">> {
    const { store, clock } = this.#parts;
    const found = await this.#caseOf(ctx, ranksAbove);
    const { room, target } = found;
    if (!(await store.members.release(room.key, target.id, "banned", clock(), found.check))) {
      throw refuse("NOT_FOUND", { field: "user" });
    }
    const changed = await this.#after(room, target.id);
    await tellMembership(ctx, room, target.id, "unbanned", changed);
    await this.#record(ctx, found, "member.unbanned");
    return changed;
  }

  /** Reads what the rule needs, and throws unless it allows the caller to act on the user. */
  async #caseOf(ctx: ModerationCall, rule: ModerationRule): Promise<Case> {
    const { store } = this.#parts;
    const { roles, id: actor } = ctx.meta.user;
    const { room, rank: callerRank } = await ranked(store, ctx);
    if (room.kind === "direct") throw refuse("DIRECT_ROOM", { field: "room" });
    const target = await store.users.find(ctx.params.user);
    const theirs = target && (await store.rooms.standing(room.key, target.id));
    rule(callerRank, theirs, target?.role ?? "user");
    if (!theirs) throw refuse("NOT_FOUND", { field: "user" });
    const check = store.members.permits(room.key, actor, target.id, (caller, targetNow, targetRole) => {
      const callerRank = caller ? rank(caller, roles) : -1;
      if (callerRank < 0) throw shutOut(caller);
      rule(callerRank, targetNow, targetRole);
    });
    return { room, rank: callerRank, target, theirs, check };
  }

  async #setMuted(ctx: ModerationCall, until: number | null): Promise<MemberChanged> {
    const { store, clock } = this.#parts;
    const found = await this.#caseOf(ctx, ranksAbove);
    const { room, target } = found;
    if (room.key === LOBBY && !found.theirs.membership) {
      const limit = Number.MAX_SAFE_INTEGER;
      await store.members.enter({ room: LOBBY, userId: target.id, at: clock(), from: ["none"], limit });
    }
    if (!(await store.members.setMuted(room.key, target.id, until, found.check)))
      throw refuse("NOT_FOUND", { field: "user" });
    const changed = await this.#after(room, target.id);
    await tellMembership(ctx, room, target.id, until === null ? "unmuted" : "muted", changed);
    await this.#record(ctx, found, until === null ? "member.unmuted" : "member.muted");
    return changed;
  }

  /** Writes into the audit log what a site moderator has done; nothing for other callers. */
  async #record(ctx: ModerationCall, { rank, room, target }: Case, action: AuditAction): Promise<void> {
    if (rank === SITE) await this.#parts.audit(ctx, action, target.id, room.key);
  }

  /** The user's membership after the change. */
  async #after(room: Room, user: string): Promise<MemberChanged> {
    const { store, clock } = this.#parts;
    const standing = await store.rooms.standing(room.key, user);
    const until = standing && isMuted(standing, clock()) ? standing.membership?.mutedUntil : null;
    return { room: room.key, user, role: (standing && roleIn(standing)) ?? null, mutedUntil: until ?? null };
  }
}

function notTheLobby(room: Room): void {
  if (room.key === LOBBY) throw refuse("LOBBY", { field: "room" });
}
