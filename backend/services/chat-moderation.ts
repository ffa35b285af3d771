import type { Context } from "moleculer";
import { type Handlers, type MemberChanged, type Meta, refuse, type User } from "../contract/index.ts";
import { rolesUpTo } from "../domain/access-token.ts";
import type { AuditAction } from "../domain/audit.ts";
import { isMuted, ROOM_ROLES, type RoomRole, roleIn, type Standing } from "../domain/membership.ts";
import { MODERATOR, OWNER, rank, SITE } from "../domain/moderation.ts";
import { INVITATIONS_MAX, LOBBY, type Room } from "../domain/room.ts";
import type { User as Account } from "../store/index.ts";
import type { AuditTrail } from "./audit-trail.ts";
import { endMembership, mayHaveMore, tellMembership } from "./memberships.ts";
import { type ChatParts, ranked } from "./room-access.ts";

type Moderation = Pick<Handlers<"chat">, "invite" | "setRoomRole" | "mute" | "unmute" | "kick" | "ban" | "unban">;
type AboutSomebody = Context<{ readonly room: string; readonly user: string }, Meta & { readonly user: User }>;

interface Case {
  readonly room: Room;
  /** The caller's rank. */
  readonly rank: number;
  readonly target: Account;
  readonly theirs: Standing;
}

/**
 * What owners and moderators of a room, and site moderators in public ones, do to others: to whoever ranks below them. What site
 * moderators do is audited.
 */
export function chatModeration(parts: ChatParts & { readonly audit: AuditTrail }): Moderation {
  const { store, clock, audit } = parts;

  /** Throws unless the caller has this rank in the room, and there is somebody else to do it to. */
  async function caseOf(ctx: AboutSomebody, least: number): Promise<Case> {
    const { room, rank: own } = await ranked(store, ctx);
    if (room.kind === "direct") {
      throw refuse("DIRECT_ROOM", {
        field: "room",
      });
    }
    if (own < least) throw refuse("FORBIDDEN");
    const target = await store.users.find(ctx.params.user);
    const theirs = target && (await store.rooms.standing(room.key, target.id));
    if (!theirs) throw refuse("NOT_FOUND", { field: "user" });
    return { room, rank: own, target, theirs };
  }

  /** The same, for what is only done to those who rank below. */
  async function below(ctx: AboutSomebody): Promise<Case> {
    const found = await caseOf(ctx, MODERATOR);
    if (rank(found.theirs, rolesUpTo(found.target.role)) >= found.rank) throw refuse("FORBIDDEN", { field: "user" });
    return found;
  }

  function notTheLobby(room: Room): void {
    if (room.key === LOBBY) throw refuse("LOBBY", { field: "room" });
  }

  async function record(ctx: AboutSomebody, { rank, room, target }: Case, action: AuditAction): Promise<void> {
    if (rank === SITE) await audit(ctx, action, target.id, room.key);
  }

  async function after(room: Room, user: string): Promise<MemberChanged> {
    const standing = await store.rooms.standing(room.key, user);
    const until = standing && isMuted(standing, clock()) ? standing.membership?.mutedUntil : null;
    return { room: room.key, user, role: (standing && roleIn(standing)) ?? null, mutedUntil: until ?? null };
  }

  async function setMuted(ctx: AboutSomebody, until: number | null): Promise<MemberChanged> {
    const found = await below(ctx);
    const { room, target } = found;
    if (room.key === LOBBY && !found.theirs.membership) {
      const limit = Number.MAX_SAFE_INTEGER;
      await store.members.enter({ room: LOBBY, userId: target.id, at: clock(), from: ["none"], limit });
    }
    if (!(await store.members.setMuted(room.key, target.id, until))) throw refuse("NOT_FOUND", { field: "user" });
    const changed = await after(room, target.id);
    await tellMembership(ctx, room, target.id, until === null ? "unmuted" : "muted", changed);
    await record(ctx, found, until === null ? "member.unmuted" : "member.muted");
    return changed;
  }

  return {
    async invite(ctx) {
      const { room, target, theirs } = await caseOf(ctx, MODERATOR);
      notTheLobby(room);
      if (target.disabledAt !== null) throw refuse("NOT_FOUND", { field: "user" });
      if ((await store.members.counts(target.id)).invited >= INVITATIONS_MAX) {
        throw refuse("INVITATIONS", {
          field: "user",
        });
      }
      if (roleIn(theirs) || !(await store.members.invite(room.key, target.id, clock()))) {
        throw refuse("ALREADY_KNOWN", { field: "user" });
      }
      await tellMembership(ctx, room, target.id, "invited", { role: null, mutedUntil: null });
      return { invited: true };
    },

    async setRoomRole(ctx) {
      const role: RoomRole | undefined = ROOM_ROLES.find((known) => known === ctx.params.role);
      if (!role) throw refuse("VALIDATION", { field: "role" });
      const found = await caseOf(ctx, OWNER);
      const { room, target, theirs } = found;
      notTheLobby(room);
      const before = roleIn(theirs);
      if (!before) throw refuse("NOT_FOUND", { field: "user" });
      const isOwn = target.id === ctx.meta.user.id;
      // an owner may step down, and nobody takes another owner's role but the site
      if (!isOwn && ROOM_ROLES.indexOf(before) >= found.rank) throw refuse("FORBIDDEN", { field: "user" });
      if (role === before) return after(room, target.id);
      if (role === "owner") await mayHaveMore(store, target.id, "owned");
      if (!(await store.members.setRole(room.key, target.id, role))) {
        throw refuse("LAST_OWNER", { field: "user" });
      }
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
      const wasInvited = await store.members.release(room.key, target.id, "invited", clock());
      if (!wasInvited && !(await endMembership(parts, ctx, room, target.id, "kicked"))) {
        throw refuse("NOT_FOUND", { field: "user" });
      }
      await record(ctx, found, "member.kicked");
      return after(room, target.id);
    },

    async ban(ctx) {
      const found = await below(ctx);
      const { room, target } = found;
      notTheLobby(room);
      // whoever comes in between the two is put out by the third
      const end = () => endMembership(parts, ctx, room, target.id, "banned");
      if (!(await end()) && !(await store.members.shutOut(room.key, target.id, clock()))) await end();
      await record(ctx, found, "member.banned");
      return after(room, target.id);
    },

    async unban(ctx) {
      const found = await below(ctx);
      const { room, target } = found;
      if (!(await store.members.release(room.key, target.id, "banned", clock()))) {
        throw refuse("NOT_FOUND", { field: "user" });
      }
      const changed = await after(room, target.id);
      await tellMembership(ctx, room, target.id, "unbanned", changed);
      await record(ctx, found, "member.unbanned");
      return changed;
    },
  };
}
