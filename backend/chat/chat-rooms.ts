import type { Context } from "moleculer";
import { type Caller, type ContextOf, type Handlers, type Meta, type ResultOf, refuse } from "../contract/index.ts";
import { requireValid } from "../contract/require-valid.ts";
import { checkDisplayName } from "../text/name.ts";
import { catchUp } from "./catch-up.ts";
import type { Standing } from "./membership.ts";
import { announceMembership, endMembership } from "./memberships.ts";
import { MODERATOR_RANK } from "./moderation.ts";
import type { PresenceRegistry } from "./presence-registry.ts";
import {
  checkNewRoomName,
  checkRoomKey,
  checkRoomName,
  LIST_PAGE_SIZE,
  LOBBY,
  MAX_MEMBERS,
  MAX_OPENED_PER_DAY,
  MAX_ROOMS,
  type Room,
  type RoomKind,
} from "./room.ts";
import { assertMember, type ChatParts, notInRoomError, requireRank, requireRoomKey } from "./room-access.ts";
import { directKey, privateKey } from "./room-key.ts";
import type { RoomSummary } from "./shapes.ts";
import type { Entry, RoomRow } from "./store/index.ts";

type RoomHandlers = Pick<Handlers<"chat">, "rooms" | "browse" | "create" | "direct" | "join" | "leave" | "members">;
type UserCall = Context<unknown, Meta & { readonly user: Caller }>;

/** From these states a user may enter a public room. */
const PUBLIC_ROOM_ENTRY_STATES: Entry["fromStates"] = ["invited", "out", "none"];
const DAY_MS = 24 * 60 * 60 * 1000;

/** The actions that find, open, enter and leave rooms. */
export function chatRooms(parts: RoomParts): RoomHandlers {
  const actions = new RoomActions(parts);
  return {
    rooms: (ctx) => actions.rooms(ctx),
    browse: (ctx) => actions.browse(ctx),
    create: (ctx) => actions.create(ctx),
    direct: (ctx) => actions.direct(ctx),
    join: (ctx) => actions.join(ctx),
    leave: (ctx) => actions.leave(ctx),
    members: (ctx) => actions.members(ctx),
  };
}

type RoomParts = ChatParts & { readonly registry: PresenceRegistry };

class RoomActions implements RoomHandlers {
  readonly #parts: RoomParts;

  constructor(parts: RoomParts) {
    this.#parts = parts;
  }

  async rooms(ctx: ContextOf<"chat.rooms">): Promise<ResultOf<"chat.rooms">> {
    const { store, clock, registry } = this.#parts;
    const after = ctx.params.after === undefined ? undefined : requireValid("after", checkRoomKey(ctx.params.after));
    const rows = await store.rooms.list(ctx.meta.user.id, LIST_PAGE_SIZE + 1, { after });
    const now = clock();
    return {
      rooms: rows.slice(0, LIST_PAGE_SIZE).map((row) => toSummary(row, now, registry)),
      more: rows.length > LIST_PAGE_SIZE,
    };
  }

  async browse(ctx: ContextOf<"chat.browse">): Promise<ResultOf<"chat.browse">> {
    const { store } = this.#parts;
    const { prefix, after } = ctx.params;
    const rooms = await store.rooms.browse(
      prefix === undefined ? "" : requireValid("prefix", checkRoomName(prefix)),
      after === undefined ? undefined : requireValid("after", checkRoomName(after)),
      LIST_PAGE_SIZE + 1,
    );
    return { rooms: rooms.slice(0, LIST_PAGE_SIZE), more: rooms.length > LIST_PAGE_SIZE };
  }

  async create(ctx: ContextOf<"chat.create">): Promise<ResultOf<"chat.create">> {
    const { kind } = ctx.params;
    if (kind !== "public" && kind !== "private") throw refuse("VALIDATION", { field: "kind" });
    const isPublic = kind === "public";
    const given = requireValid(
      "title",
      isPublic ? checkRoomName(ctx.params.title) : checkDisplayName(ctx.params.title),
    );
    const title = isPublic ? requireValid("title", checkNewRoomName(given)) : given;
    const key = isPublic ? title : privateKey();
    if (!(await this.#openRoom(ctx, kind, key, isPublic ? null : title))) {
      throw refuse("ROOM_EXISTS", { field: "title" });
    }
    return this.#requireSummary(ctx.meta.user.id, key);
  }

  async direct(ctx: ContextOf<"chat.direct">): Promise<ResultOf<"chat.direct">> {
    const { store } = this.#parts;
    const { id } = ctx.meta.user;
    const peer = await store.users.find(ctx.params.user);
    if (!peer || peer.disabledAt !== null) throw refuse("NOT_FOUND");
    if (peer.id === id) throw refuse("VALIDATION", { field: "user" });
    const key = directKey(id, peer.id);
    const known = await store.rooms.findStanding(key, id);
    if (known?.membership?.state === "out") await this.#enterRoom(ctx, known.room, ["out"]);
    if (!known && (await this.#openRoom(ctx, "direct", key, null, peer.id))) {
      const opened = assertMember(await store.rooms.findStanding(key, id));
      for (const one of [id, peer.id]) {
        await announceMembership(ctx, opened.room, one, "joined", { role: "member", mutedUntil: null });
      }
    }
    return this.#requireSummary(id, key);
  }

  async join(ctx: ContextOf<"chat.join">): Promise<ResultOf<"chat.join">> {
    const { store } = this.#parts;
    const key = requireRoomKey(ctx);
    const standing = assertMember(await this.#enterIfNeeded(ctx, key));
    const { room, role, membership } = standing;
    const state = await catchUp(store, room, ctx.params);
    return { ...state, kind: room.kind, role, since: membership?.since ?? 0 };
  }

  async leave(ctx: ContextOf<"chat.leave">): Promise<ResultOf<"chat.leave">> {
    const { store, clock } = this.#parts;
    const room = requireRoomKey(ctx);
    const { id } = ctx.meta.user;
    if (room === LOBBY) return { room }; // every user is always a member of it: only this socket unsubscribes
    const standing = await store.rooms.findStanding(room, id);
    if (standing?.membership?.state === "invited") await store.members.revoke(room, id, "invited", clock());
    if (standing?.membership?.state === "in") await endMembership({ store, clock }, ctx, standing.room, id, "left");
    return { room };
  }

  async members(ctx: ContextOf<"chat.members">): Promise<ResultOf<"chat.members">> {
    const { store, clock } = this.#parts;
    const { state = "in", after } = ctx.params;
    if (state !== "in" && state !== "invited" && state !== "banned") throw refuse("VALIDATION", { field: "state" });
    const { room, rank } = await requireRank(store, ctx);
    if (state !== "in" && rank < MODERATOR_RANK) throw refuse("FORBIDDEN");
    const rows = await store.members.list(room.key, state, LIST_PAGE_SIZE + 1, after);
    const now = clock();
    const members = rows.slice(0, LIST_PAGE_SIZE).map(({ mutedUntil, ...member }) => {
      return {
        ...member,
        ...(rank >= MODERATOR_RANK && (mutedUntil ?? 0) > now ? { mutedUntil: mutedUntil ?? 0 } : {}),
      };
    });
    return { members, more: rows.length > LIST_PAGE_SIZE };
  }

  /** Opens a room. Returns false when there is one with this key. Throws when the user has opened or owns too many. */
  async #openRoom(ctx: UserCall, kind: RoomKind, key: string, title: string | null, peerId?: string) {
    const { store, clock } = this.#parts;
    const { id } = ctx.meta.user;
    const at = clock();
    const owner = { id, role: peerId === undefined ? "owner" : "member", peerId: peerId ?? null } as const;
    const peer = peerId === undefined ? [] : [{ id: peerId, role: "member", peerId: id } as const];
    const rooms = peerId === undefined ? MAX_ROOMS : undefined;
    const limits = { maxOpened: MAX_OPENED_PER_DAY[kind], openedSince: at - DAY_MS, rooms };
    const opening = await store.rooms.open({ key, kind, title, openedBy: id, at }, [owner, ...peer], limits);
    if (opening === "opened-too-many") throw refuse("ROOMS_OPENED", { retryAfter: DAY_MS / 1000 });
    if (opening === "too-many-rooms") throw refuse("ROOM_LIMIT");
    if (opening === "disabled") throw refuse("NOT_FOUND");
    if (opening === "looks-alike") throw refuse("ROOM_ALIKE");
    return opening === "opened";
  }

  async #requireSummary(userId: string, room: string): Promise<RoomSummary> {
    const { store, clock, registry } = this.#parts;
    const [row] = await store.rooms.list(userId, 1, { room });
    if (!row) throw refuse("NOT_FOUND");
    return toSummary(row, clock(), registry);
  }

  /**
   * Makes the caller a member of the room, from one of these states. With `mayOpen`, a room that does not exist is
   * opened. Returns the caller's standing. Throws when the caller may not enter, or there are too many members or
   * rooms.
   */
  async #enterRoom(
    ctx: UserCall,
    room: Pick<Room, "key" | "kind">,
    from: Entry["fromStates"],
    mayOpen = false,
  ): Promise<Standing> {
    const { store, clock } = this.#parts;
    const { id } = ctx.meta.user;
    const at = clock();
    const isCounted = room.key !== LOBBY && room.kind !== "direct";
    const { outcome, standing } = await store.members.enter({
      ...{ room: room.key, userId: id, at, fromStates: from },
      maxMembers: room.key === LOBBY ? Number.MAX_SAFE_INTEGER : MAX_MEMBERS[room.kind],
      ...(isCounted ? { maxRooms: MAX_ROOMS.joined } : {}),
      ...(mayOpen
        ? { opening: { maxOpened: MAX_OPENED_PER_DAY.public, openedSince: at - DAY_MS, maxOwned: MAX_ROOMS.owned } }
        : {}),
    });
    if (outcome === "opened-too-many") throw refuse("ROOMS_OPENED", { retryAfter: DAY_MS / 1000 });
    if (outcome === "looks-alike") throw refuse("ROOM_ALIKE");
    if (outcome === "too-many") throw refuse("ROOM_LIMIT");
    if (outcome === "full") throw refuse("ROOM_FULL", { field: "room" });
    if (outcome === "entered") await announceMembership(ctx, room, id, "joined", { role: "member", mutedUntil: null });
    // another device of the user may have entered meanwhile, or a moderator may have banned the user
    return standing ?? assertMember(await store.rooms.findStanding(room.key, id));
  }

  /** The caller's standing in a room. The caller enters it where that is necessary, and opens it by its name. */
  async #enterIfNeeded(ctx: UserCall, key: string): Promise<Standing> {
    const { store } = this.#parts;
    const known = await store.rooms.findStanding(key, ctx.meta.user.id);
    if (known?.membership?.state === "in") return known;
    if (!known) {
      if (key.startsWith("~")) throw notInRoomError(undefined);
      requireValid("room", checkNewRoomName(key));
      return this.#enterRoom(ctx, { key, kind: "public" }, PUBLIC_ROOM_ENTRY_STATES, true);
    }
    if (known.room.kind === "public" && known.membership?.state !== "banned")
      return this.#enterRoom(ctx, known.room, PUBLIC_ROOM_ENTRY_STATES);
    if (known.room.kind === "private" && known.membership?.state === "invited") {
      return this.#enterRoom(ctx, known.room, ["invited"]);
    }
    throw notInRoomError(known);
  }
}

function toSummary(row: RoomRow, now: number, registry: PresenceRegistry): RoomSummary {
  const { key, kind, epoch, seq, members, role, isInvited, mutedUntil, peer, read } = row;
  return {
    room: key,
    kind,
    title: row.title ?? peer?.name ?? key,
    ...(peer ? { peerId: peer.id } : {}),
    // the state of a peer who has left the room is not shown
    ...(peer && members > 1 ? { peerState: registry.stateOf(peer.id) } : {}),
    role: isInvited ? null : role,
    members,
    epoch,
    seq,
    read,
    unread: isInvited ? 0 : Math.max(0, seq - read),
    mutedUntil: (mutedUntil ?? 0) > now ? mutedUntil : null,
  };
}
