import type { Context } from "moleculer";
import { type Caller, type Handlers, type Meta, refuse } from "../contract/index.ts";
import { type Role, rolesUpTo } from "../surface/roles.ts";
import type { User as Account, AuditAction, AuditTrail } from "../users/index.ts";
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

/**
 * What owners and moderators of a room, and site moderators in public rooms, may do to users who rank below them. What
 * site moderators do is audited.
 */
export function chatModeration(parts: ChatParts & { readonly audit: AuditTrail }): Moderation {
  const { store, clock, audit } = parts;

  /** Throws unless the rule lets the caller act on the user. */
  async function caseOf(ctx: ModerationCall, rule: ModerationRule): Promise<Case> {
    const { roles, id: actor } = ctx.meta.user;
    const { room, rank: own } = await ranked(store, ctx);
    if (room.kind === "direct") {
      throw refuse("DIRECT_ROOM", {
        field: "room",
      });
    }
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

  const ranksAtLeast =
    (least: number): ModerationRule =>
    (own) => {
      if (own < least) throw refuse("FORBIDDEN");
    };

  /** For what moderators do to users who rank below them. */
  const ranksAbove: ModerationRule = (own, theirs, theirRole) => {
    ranksAtLeast(MODERATOR)(own, theirs, theirRole);
    if (theirs && rank(theirs, rolesUpTo(theirRole)) >= own) throw refuse("FORBIDDEN", { field: "user" });
  };
  const below = (ctx: ModerationCall): Promise<Case> => caseOf(ctx, ranksAbove);

  function notTheLobby(room: Room): void {
    if (room.key === LOBBY) throw refuse("LOBBY", { field: "room" });
  }

  async function record(ctx: ModerationCall, { rank, room, target }: Case, action: AuditAction): Promise<void> {
    if (rank === SITE) await audit(ctx, action, target.id, room.key);
  }

  async function after(room: Room, user: string): Promise<MemberChanged> {
    const standing = await store.rooms.standing(room.key, user);
    const until = standing && isMuted(standing, clock()) ? standing.membership?.mutedUntil : null;
    return { room: room.key, user, role: (standing && roleIn(standing)) ?? null, mutedUntil: until ?? null };
  }

  async function setMuted(ctx: ModerationCall, until: number | null): Promise<MemberChanged> {
    const found = await below(ctx);
    const { room, target } = found;
    if (room.key === LOBBY && !found.theirs.membership) {
      const limit = Number.MAX_SAFE_INTEGER;
      await store.members.enter({ room: LOBBY, userId: target.id, at: clock(), from: ["none"], limit });
    }
    if (!(await store.members.setMuted(room.key, target.id, until, found.check)))
      throw refuse("NOT_FOUND", { field: "user" });
    const changed = await after(room, target.id);
    await tellMembership(ctx, room, target.id, until === null ? "unmuted" : "muted", changed);
    await record(ctx, found, until === null ? "member.unmuted" : "member.muted");
    return changed;
  }

  return {
    async invite(ctx) {
      const { room, target, theirs, check } = await caseOf(ctx, ranksAtLeast(MODERATOR));
      notTheLobby(room);
      const invite = () => store.members.invite(room.key, target.id, clock(), { check, most: INVITATIONS_MAX });
      const outcome = roleIn(theirs) ? "known" : await invite();
      if (outcome === "disabled") throw refuse("NOT_FOUND", { field: "user" });
      if (outcome === "too-many") throw refuse("INVITATIONS", { field: "user" });
      if (outcome === "known") throw refuse("ALREADY_KNOWN", { field: "user" });
      await tellMembership(ctx, room, target.id, "invited", { role: null, mutedUntil: null });
      return { invited: true };
    },

    async setRoomRole(ctx) {
      const role: RoomRole | undefined = ROOM_ROLES.find((known) => known === ctx.params.role);
      if (!role) throw refuse("VALIDATION", { field: "role" });
      const isOwn = ctx.params.user === ctx.meta.user.id;
      const found = await caseOf(ctx, (own, theirs, theirRole) => {
        ranksAtLeast(OWNER)(own, theirs, theirRole);
        // an owner may step down; only a site moderator takes the role of another owner
        const isOwner = theirs && roleIn(theirs) === "owner";
        if (!isOwn && isOwner && own < SITE) throw refuse("FORBIDDEN", { field: "user" });
      });
      const { room, target, theirs, check } = found;
      notTheLobby(room);
      const before = roleIn(theirs);
      if (!before) throw refuse("NOT_FOUND", { field: "user" });
      if (role === before) return after(room, target.id);
      const most = role === "owner" ? { most: ROOMS_MAX } : {};
      const outcome = await store.members.setRole(room.key, target.id, role, { check, ...most });
      if (outcome === "too-many") throw refuse("ROOM_LIMIT");
      if (outcome === "last-owner") throw refuse("LAST_OWNER", { field: "user" });
      const changed = await after(room, target.id);
      await tellMembership(ctx, room, target.id, "role", changed);
      await record(ctx, found, "member.role");
      return changed;
    },

    mute: (ctx) => setMuted(ctx, clock() + ctx.params.seconds * 1000),
    unmute: (ctx) => setMuted(ctx, null),

    async kick(ctx) {
      const found = await below(ctx);
      const { room, target } = found;
      notTheLobby(room);
      const wasInvited = await store.members.release(room.key, target.id, "invited", clock(), found.check);
      if (!wasInvited && !(await endMembership(parts, ctx, room, target.id, "kicked", found.check))) {
        throw refuse("NOT_FOUND", { field: "user" });
      }
      await record(ctx, found, "member.kicked");
      return after(room, target.id);
    },

    async ban(ctx) {
      const found = await below(ctx);
      const { room, target } = found;
      notTheLobby(room);
      // a user who enters between the first two is put out by the third
      const end = () => endMembership(parts, ctx, room, target.id, "banned", found.check);
      const { members } = store;
      if (!(await end()) && !(await members.shutOut(room.key, target.id, clock(), found.check))) await end();
      await record(ctx, found, "member.banned");
      return after(room, target.id);
    },

    async unban(ctx) {
      const found = await below(ctx);
      const { room, target } = found;
      if (!(await store.members.release(room.key, target.id, "banned", clock(), found.check))) {
        throw refuse("NOT_FOUND", { field: "user" });
      }
      const changed = await after(room, target.id);
      await tellMembership(ctx, room, target.id, "unbanned", changed);
      await record(ctx, found, "member.unbanned");
      return changed;
    },
  };
}
