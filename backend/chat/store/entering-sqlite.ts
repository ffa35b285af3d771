import type { DatabaseSync, SQLInputValue } from "node:sqlite";
import type { Kysely } from "kysely";
import { HalfWritten, type SqliteGroups, template } from "../../store/index.ts";
import type { AuthorCache } from "./author-cache.ts";
import { type Enter, type Entered, type Entry, newRoomKeys, type OpeningByName } from "./entering.ts";
import { type CandidateRow, candidateQuery, toStanding } from "./standing.ts";
import type { ChatTables } from "./tables.ts";

/**
 * Lets users into rooms of the embedded database, and opens rooms that are not there, in groups with whatever else is
 * written. PostgreSQL decides by the same conditions in `entering-function.ts`.
 */
export function enteringSqlite(groups: SqliteGroups, authors: AuthorCache, db: Kysely<ChatTables>): Enter {
  const { database } = groups;
  const candidate = template(db, candidateQuery);
  const find = database.prepare(candidate.query.sql);
  const statements = statementsOf(database);

  function enter(entry: Entry): Entered {
    const { room, userId, fromStates, maxMembers, maxRooms = Number.POSITIVE_INFINITY, opening } = entry;
    const row = find.get(...(candidate.values(entry) as SQLInputValue[])) as CandidateRow | undefined;
    if (!row || row.disabledAt !== null) return refused("refused");
    if (row.name === null && opening) return open(entry, opening);
    if (maxRooms < Number.POSITIVE_INFINITY && roomsOf(userId).joined >= maxRooms) return refused("too-many");
    if (row.name === null || row.closedAt !== null || row.members >= maxMembers) return refused("full");
    if (!fromStates.includes(row.state ?? "none")) return refused("refused");
    const since = row.revision + 1;
    begin(entry, "member", since, () => {
      statements.countUp.run(room);
      // messages from before the entry do not count as unread
      if (row.seq > 0) statements.mark.run(room, userId, row.epoch, row.seq);
    });
    const own = { user_id: userId, role: "member", state: "in", since } as const;
    return {
      outcome: "entered",
      standing: toStanding({ ...row, revision: since, members: row.members + 1, ...own }),
    };
  }

  function open(entry: Entry, limits: OpeningByName): Entered {
    const { room, userId, at, maxRooms = Number.POSITIVE_INFINITY } = entry;
    if (Number(statements.countOpened.get(userId, limits.openedSince)?.opened) >= limits.maxOpened)
      return refused("opened-too-many");
    const rooms = roomsOf(userId);
    if (rooms.joined >= maxRooms || rooms.owned >= limits.maxOwned) return refused("too-many");
    const { epoch, browseKey, nameKey } = newRoomKeys(room);
    if (statements.findName.get(nameKey)) return refused("looks-alike");
    statements.insertRoom.run(room, epoch, at, userId, browseKey);
    begin(entry, "owner", 0, () => statements.insertName.run(nameKey, room));
    const own = { user_id: userId, role: "owner", state: "in", since: 0, muted_until: null } as const;
    const row = { name: room, kind: "public", title: null, epoch, seq: 0, revision: 0, members: 1 } as const;
    return { outcome: "opened", standing: toStanding({ ...row, ...own }) };
  }

  /** Writes a membership and what belongs to it. */
  function begin({ room, userId, at }: Entry, role: string, since: number, rest: () => void): void {
    authors.forgetRoom(room);
    try {
      statements.insertMember.run(room, userId, role, since, at);
      rest();
    } catch (error) {
      throw new HalfWritten("an entry into a room could not be written", { cause: error });
    }
  }

  const roomsOf = (userId: string) =>
    statements.countRooms.get(userId) as { readonly joined: number; readonly owned: number };

  return (entry) =>
    new Promise((resolve, reject) => {
      let entered: Entered | undefined;
      const write = {
        run: () => {
          entered = enter(entry);
        },
        settle: (refusal: unknown) => (entered ? resolve(entered) : reject(refusal)),
        fail: reject,
      };
      groups.add(write, "a user did not enter a room");
    });
}

/** What one entry reads and writes, besides its candidate. */
function statementsOf(database: DatabaseSync) {
  return {
    countRooms: database.prepare(
      `select count(*) as joined, coalesce(sum(role = 'owner'), 0) as owned from members
      where user_id = ? and state = 'in' and peer_id is null`,
    ),
    countOpened: database.prepare(
      "select count(*) as opened from rooms where created_by = ? and kind = 'public' and created_at > ?",
    ),
    findName: database.prepare("select owner from name_keys where kind = 'room' and key = ?"),
    insertName: database.prepare("insert into name_keys (kind, key, owner) values ('room', ?, ?)"),
    insertRoom: database.prepare(
      `insert into rooms (name, kind, epoch, seq, revision, created_at, created_by, members, browse_key)
      values (?, 'public', ?, 0, 0, ?, ?, 1, ?)`,
    ),
    insertMember: database.prepare(
      `insert into members (room, user_id, role, state, since, joined_at) values (?, ?, ?, 'in', ?, ?)
      on conflict (room, user_id) do update
      set role = excluded.role, state = 'in', since = excluded.since, joined_at = excluded.joined_at, ended_at = null`,
    ),
    countUp: database.prepare("update rooms set members = members + 1, revision = revision + 1 where name = ?"),
    mark: database.prepare(
      `insert into read_marks (room, user_id, epoch, seq) values (?, ?, ?, ?)
      on conflict (room, user_id) do update set epoch = excluded.epoch, seq = excluded.seq`,
    ),
  };
}

const refused = (outcome: Entered["outcome"]): Entered => ({ outcome, standing: undefined });
