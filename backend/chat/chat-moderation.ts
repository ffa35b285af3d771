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
  /** Decides the same again in the transaction that makes the change: ranks may have changed since. */
  readonly check: Check;
}

/** Throws unless a caller with the rank `own` may act on a user who stands in the room like this. */
type ModerationRule = (own: number, theirs: RoomMembership | undefined, theirRole: Role) => void;

/** For what moderators do to users who rank below them. */
const ranksAbove: ModerationRule = (own, theirs, theirRole) => {
  ranksAtLeast(MODERATOR)(own, theirs, theirRole);
  if (theirs && rank(theirs, rolesUpTo(theirRole)) >= own) throw refuse("FORBIDDEN", { field: "user" });
};

function ranksAtLeast(least: number): ModerationRule {
  return (own) => {
    if (own < least) throw refuse("FORBIDDEN");
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
    const found = await this.#caseOf(ctx, (own, theirs, theirRole) => {
      ranksAtLeast(OWNER)(own, theirs, theirRole);
      // an owner may step down; only a site moderator takes the role of another owner
      const isOwner = theirs && roleIn(theirs) === "owner";
      if (!isOwn && isOwner && own < SITE) throw refuse("FORBIDDEN", { field: "user" });
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
    // a user who enters between the first two is put out by the third
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

  /** Throws unless the rule lets the caller act on the user. */
  async #caseOf(ctx: ModerationCall, rule: ModerationRule): Promise<Case> {
    const { store } = this.#parts;
    const { roles, id: actor } = ctx.meta.user;
    const { room, rank: own } = await ranked(store, ctx);
    if (room.kind === "direct") throw refuse("DIRECT_ROOM", { field: "room" });
    const target = await store.users.find(ctx.params.user);
    const theirs = target && (await store.rooms.standing(room.key, target.id));
    rule(own, theirs, target?.role ?? "user");
    if (!theirs) throw refuse("NOT_FOUND", { field: "user" });
    const check = store.members.permits(room.key, actor, target.id, (mine, others, role) => {
      const now = mine ? rank(mine, roles) : -1;
      if (now < 0) throw shutOut(mine);
      rule(now, others, role);
    });
    return { room, rank: own, target, theirs, check };
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

  /** Writes what a site moderator has done into the audit log. */
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
