import { randomBytes } from "node:crypto";
import { type Kysely, sql } from "kysely";
import { isPostgres, type Migrations } from "../store/index.ts";
import { skeleton } from "../text/look-alike.ts";
import { createAppendFunction } from "./store/append/append-function.ts";
import { createEnteringFunction } from "./store/entering-function.ts";
import { createSearchTables } from "./store/search/migration.ts";

export const chatMigrations: Migrations = {
  "0001_rooms": { up: rooms },
  "0002_read_marks": { up: readMarks },
  "0003_members": { up: members },
  "0004_name_keys": { up: nameKeysOfRooms },
  "0005_stored_bytes": { up: storedBytes },
  "0006_append": { up: appendFunction },
  "0007_enter_rooms": { up: enteringFunction },
  "0008_search": { up: createSearchTables },
  // again: since then the function refuses messages of disabled accounts; then those of ended sessions; then it refuses
  // no repeated one
  "0009_append_disabled": { up: appendFunction },
  "0010_append_sessions": { up: appendFunction },
  "0011_append_repeated": { up: appendFunction },
};

async function rooms({ schema }: Kysely<unknown>): Promise<void> {
  await schema
    .createTable("rooms")
    .addColumn("name", "text", (column) => column.primaryKey())
    .addColumn("epoch", "text", (column) => column.notNull())
    .addColumn("seq", "bigint", (column) => column.notNull())
    .addColumn("created_at", "bigint", (column) => column.notNull())
    .execute();
  await schema
    .createTable("messages")
    .addColumn("room", "text", (column) => column.notNull().references("rooms.name").onDelete("cascade"))
    .addColumn("seq", "bigint", (column) => column.notNull())
    .addColumn("author_id", "text", (column) => column.notNull().references("users.id").onDelete("cascade"))
    .addColumn("client_id", "text", (column) => column.notNull())
    .addColumn("text", "text", (column) => column.notNull())
    .addColumn("at", "bigint", (column) => column.notNull())
    .addPrimaryKeyConstraint("messages_pk", ["room", "seq"])
    .addUniqueConstraint("messages_client", ["author_id", "client_id"])
    .execute();
}

async function readMarks(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable("read_marks")
    .addColumn("room", "text", (column) => column.notNull().references("rooms.name").onDelete("cascade"))
    .addColumn("user_id", "text", (column) => column.notNull().references("users.id").onDelete("cascade"))
    .addColumn("epoch", "text", (column) => column.notNull())
    .addColumn("seq", "bigint", (column) => column.notNull())
    .addPrimaryKeyConstraint("read_marks_pk", ["room", "user_id"])
    .execute();
  await db.schema.createIndex("read_marks_user").on("read_marks").column("user_id").execute();
}

/**
 * Rooms get members: the rooms that are there stay and are public. The authors of a room's messages are its members,
 * and all users are members of the lobby.
 */
async function members(db: Kysely<unknown>): Promise<void> {
  await addRoomColumns(db);
  await addMessageColumns(db);
  await createMembers(db);
  await createReports(db);
  await fillMembers(db);
}

async function addRoomColumns({ schema }: Kysely<unknown>): Promise<void> {
  await schema
    .alterTable("rooms")
    .addColumn("kind", "text", (column) => column.notNull().defaultTo("public"))
    .execute();
  await schema.alterTable("rooms").addColumn("title", "text").execute();
  await schema.alterTable("rooms").addColumn("created_by", "text").execute();
  for (const counter of ["revision", "members"]) {
    await schema
      .alterTable("rooms")
      .addColumn(counter, "bigint", (column) => column.notNull().defaultTo(0))
      .execute();
  }
  await schema.alterTable("rooms").addColumn("browse_key", "text").execute();
  await schema.alterTable("rooms").addColumn("closed_at", "bigint").execute();
  await schema.createIndex("rooms_browse").on("rooms").column("browse_key").execute();
  await schema.createIndex("rooms_opened").on("rooms").columns(["created_by", "kind", "created_at"]).execute();
  await schema.createIndex("rooms_closed").on("rooms").column("closed_at").execute();
}

async function addMessageColumns({ schema }: Kysely<unknown>): Promise<void> {
  await schema.alterTable("messages").addColumn("mentions", "text").execute();
  await schema.alterTable("messages").addColumn("revision", "bigint").execute();
  await schema.alterTable("messages").addColumn("edited_at", "bigint").execute();
  await schema.alterTable("messages").addColumn("deleted_at", "bigint").execute();
  // the index has changed messages only, so that sending one does not write to it
  await schema
    .createIndex("messages_changed")
    .on("messages")
    .columns(["room", "revision"])
    .where(sql.ref("revision"), "is not", null)
    .execute();
  // `@Name` is looked up by name
  await schema.createIndex("users_name").on("users").column("name").execute();
}

async function createMembers({ schema }: Kysely<unknown>): Promise<void> {
  await schema
    .createTable("members")
    .addColumn("room", "text", (column) => column.notNull().references("rooms.name").onDelete("cascade"))
    .addColumn("user_id", "text", (column) => column.notNull().references("users.id").onDelete("cascade"))
    .addColumn("role", "text", (column) => column.notNull())
    .addColumn("state", "text", (column) => column.notNull())
    .addColumn("since", "bigint", (column) => column.notNull())
    .addColumn("joined_at", "bigint", (column) => column.notNull())
    .addColumn("ended_at", "bigint")
    .addColumn("muted_until", "bigint")
    .addColumn("peer_id", "text")
    .addPrimaryKeyConstraint("members_pk", ["room", "user_id"])
    .execute();
  await schema.createIndex("members_user").on("members").columns(["user_id", "state", "room"]).execute();
  await schema.createIndex("members_state").on("members").columns(["room", "state", "user_id"]).execute();
  await schema.createIndex("members_ended").on("members").column("ended_at").execute();
}

async function createReports({ schema }: Kysely<unknown>): Promise<void> {
  await schema
    .createTable("reports")
    .addColumn("id", "text", (column) => column.primaryKey())
    .addColumn("at", "bigint", (column) => column.notNull())
    .addColumn("reporter_id", "text", (column) => column.notNull())
    .addColumn("reason", "text", (column) => column.notNull())
    .addColumn("room", "text", (column) => column.notNull())
    .addColumn("seq", "bigint", (column) => column.notNull())
    .addColumn("author_id", "text", (column) => column.notNull())
    .addColumn("text", "text", (column) => column.notNull())
    .addColumn("settled_at", "bigint")
    .addColumn("settled_by", "text")
    .addColumn("outcome", "text")
    .addUniqueConstraint("reports_once", ["reporter_id", "room", "seq"])
    .execute();
  await schema.createIndex("reports_open").on("reports").columns(["settled_at", "id"]).execute();
}

async function fillMembers(db: Kysely<unknown>): Promise<void> {
  const epoch = randomBytes(9).toString("base64url");
  await sql`insert into rooms (name, epoch, seq, created_at) values ('lobby', ${epoch}, 0, 0)
    on conflict (name) do nothing`.execute(db);
  await sql`insert into members (room, user_id, role, state, since, joined_at)
    select 'lobby', id, 'member', 'in', 0, created_at from users`.execute(db);
  await sql`insert into members (room, user_id, role, state, since, joined_at)
    select room, author_id, 'member', 'in', 0, min(at) from messages where room <> 'lobby'
    group by room, author_id`.execute(db);
  await sql`update rooms set members = (select count(*) from members where members.room = rooms.name)`.execute(db);
  await sql`insert into read_marks (room, user_id, epoch, seq)
    select members.room, members.user_id, rooms.epoch, rooms.seq from members join rooms on rooms.name = members.room
    where true on conflict do nothing`.execute(db);
  const { rows } = await sql<{ name: string }>`select name from rooms`.execute(db);
  for (const { name } of rows) {
    const key = Buffer.from(name, "utf8").toString("hex");
    await sql`update rooms set browse_key = ${key} where name = ${name}`.execute(db);
  }
}

/**
 * Public rooms keep their names. Of several that look alike, the oldest one takes the key, so that no more are opened.
 */
async function nameKeysOfRooms(db: Kysely<unknown>): Promise<void> {
  const { rows } = await sql<{ name: string }>`
    select name from rooms where kind = 'public' order by created_at, name`.execute(db);
  for (const { name } of rows) {
    const row = sql`insert into name_keys (kind, key, owner) values ('room', ${skeleton(name)}, ${name})`;
    await sql`${row} on conflict do nothing`.execute(db);
  }
}

/** Counts the bytes of each user's messages: 200 for each, besides its text. */
async function storedBytes(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .alterTable("users")
    .addColumn("stored_bytes", "bigint", (column) => column.notNull().defaultTo(0))
    .execute();
  await sql`update users set stored_bytes =
    (select coalesce(sum(octet_length(text) + 200), 0) from messages where messages.author_id = users.id)`.execute(db);
}

/** PostgreSQL stores messages in a function; the embedded database needs none. */
async function appendFunction(db: Kysely<unknown>): Promise<void> {
  if (isPostgres(db)) await createAppendFunction(db);
}

/** PostgreSQL adds members to rooms in a function; the embedded database needs none. */
async function enteringFunction(db: Kysely<unknown>): Promise<void> {
  if (isPostgres(db)) await createEnteringFunction(db);
}
