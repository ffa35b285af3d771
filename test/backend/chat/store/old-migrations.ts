import { randomBytes } from "node:crypto";
import { type ColumnDefinitionBuilder, type Kysely, sql } from "kysely";
import type { Migration } from "kysely/migration";
import { createAppendFunction } from "../../../../backend/chat/store/append/append-function.ts";
import { createEnteringFunction } from "../../../../backend/chat/store/entering-function.ts";
import { isPostgres } from "../../../../backend/store/is-postgres.ts";
import { nameKeys, skeleton } from "../../../../backend/text/look-alike.ts";

/** The migrations of versions that did not name them by feature. They never change. */
export const OLD_MIGRATIONS: Readonly<Record<string, Migration>> = {
  "0001_road": { up: firstTables },
  "0002_accounts": { up: accounts },
  "0003_mail": { up: mail },
  "0004_read_marks": { up: readMarks },
  "0005_rooms": { up: rooms },
  "0006_locks": { up: locks },
  "0007_name_keys": { up: nameKeysOfAll },
  "0008_stored_bytes": { up: storedBytes },
  "0009_throttles": { up: throttles },
  "0010_append": { up: appendFunction },
  "0011_enter": { up: removedFunction },
  "0012_enter_rooms": { up: enteringFunction },
};

async function firstTables(db: Kysely<unknown>): Promise<void> {
  const { schema } = db;
  await schema
    .createTable("keys")
    .addColumn("purpose", "text", (column) => column.notNull())
    .addColumn("generation", "integer", (column) => column.notNull())
    .addColumn("material", "text", (column) => column.notNull())
    .addColumn("created_at", "bigint", (column) => column.notNull())
    .addColumn("retired_at", "bigint")
    .addPrimaryKeyConstraint("keys_pk", ["purpose", "generation"])
    .execute();
  await schema
    .createTable("users")
    .addColumn("id", "text", (column) => column.primaryKey())
    .addColumn("email", "text", (column) => column.notNull().unique())
    .addColumn("name", "text", (column) => column.notNull())
    .addColumn("password_hash", "text", (column) => column.notNull())
    .addColumn("role", "text", (column) => column.notNull())
    .addColumn("created_at", "bigint", (column) => column.notNull())
    .addColumn("disabled_at", "bigint")
    .execute();
  await schema
    .createTable("sessions")
    .addColumn("id", "text", (column) => column.primaryKey())
    .addColumn("user_id", "text", (column) => column.notNull().references("users.id").onDelete("cascade"))
    .addColumn("refresh_hash", "text", (column) => column.notNull())
    .addColumn("previous_hash", "text")
    .addColumn("rotated_at", "bigint", (column) => column.notNull())
    .addColumn("created_at", "bigint", (column) => column.notNull())
    .addColumn("used_at", "bigint", (column) => column.notNull())
    .addColumn("ended_at", "bigint")
    .addColumn("end_reason", "text")
    .execute();
  await schema.createIndex("sessions_user").on("sessions").column("user_id").execute();
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

async function accounts(db: Kysely<unknown>): Promise<void> {
  const { schema } = db;
  await schema.alterTable("sessions").addColumn("address", "text").execute();
  await schema.alterTable("sessions").addColumn("agent", "text").execute();
  await schema
    .createTable("audit")
    .addColumn("id", "text", (column) => column.primaryKey())
    .addColumn("at", "bigint", (column) => column.notNull())
    .addColumn("action", "text", (column) => column.notNull())
    .addColumn("actor_id", "text")
    .addColumn("subject_id", "text", (column) => column.notNull())
    .addColumn("address", "text")
    .addColumn("detail", "text")
    .execute();
}

async function mail(db: Kysely<unknown>): Promise<void> {
  const { schema } = db;
  await schema.alterTable("users").addColumn("verified_at", "bigint").execute();
  await schema.alterTable("users").addColumn("role_changed_at", "bigint").execute();
  // each node reads twice a second which users have lost a role, and which sessions have ended
  await schema.createIndex("users_role_changed").on("users").column("role_changed_at").execute();
  await schema.createIndex("sessions_ended").on("sessions").column("ended_at").execute();
  await schema
    .createTable("mail_tokens")
    .addColumn("user_id", "text", (column) => column.notNull().references("users.id").onDelete("cascade"))
    .addColumn("purpose", "text", (column) => column.notNull())
    .addColumn("hash", "text", (column) => column.unique())
    .addColumn("email", "text", (column) => column.notNull())
    .addColumn("issued_at", "bigint", (column) => column.notNull())
    .addColumn("expires_at", "bigint", (column) => column.notNull())
    .addColumn("issues", "integer", (column) => column.notNull())
    .addPrimaryKeyConstraint("mail_tokens_pk", ["user_id", "purpose"])
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
 * Rooms get members. Rooms that exist become public, with their authors as members; every user becomes a member of the
 * lobby.
 */
async function rooms(db: Kysely<unknown>): Promise<void> {
  const { schema } = db;
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

  await schema.alterTable("messages").addColumn("mentions", "text").execute();
  await schema.alterTable("messages").addColumn("revision", "bigint").execute();
  await schema.alterTable("messages").addColumn("edited_at", "bigint").execute();
  await schema.alterTable("messages").addColumn("deleted_at", "bigint").execute();
  // a partial index: few messages are ever changed, and storing a new one does not write to it
  await schema
    .createIndex("messages_changed")
    .on("messages")
    .columns(["room", "revision"])
    .where(sql.ref("revision"), "is not", null)
    .execute();
  // `@Name` is looked up by name
  await schema.createIndex("users_name").on("users").column("name").execute();

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

  const epoch = randomBytes(9).toString("base64url");
  await sql`insert into rooms (name, epoch, seq, created_at) values ('lobby', ${epoch}, 0, 0) on conflict (name) do nothing`.execute(
    db,
  );
  await sql`insert into members (room, user_id, role, state, since, joined_at)
    select 'lobby', id, 'member', 'in', 0, created_at from users`.execute(db);
  await sql`insert into members (room, user_id, role, state, since, joined_at)
    select room, author_id, 'member', 'in', 0, min(at) from messages where room <> 'lobby' group by room, author_id`.execute(
    db,
  );
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

/** Adds a row that a transaction locks while it changes administrators, so that these changes run one by one. */
async function locks(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable("locks")
    .addColumn("name", "text", (column) => column.primaryKey())
    .execute();
  await sql`insert into locks (name) values ('admins')`.execute(db);
}

/**
 * Users and public rooms keep their names. Of several names that look alike, the oldest one gets the key, so that no
 * other user or room can take a similar name.
 */
async function nameKeysOfAll(db: Kysely<unknown>): Promise<void> {
  const { schema } = db;
  await schema
    .createTable("name_keys")
    .addColumn("kind", "text", (column) => column.notNull())
    .addColumn("key", "text", (column) => column.notNull())
    .addColumn("owner", "text", (column) => column.notNull())
    .addPrimaryKeyConstraint("name_keys_pk", ["kind", "key"])
    .execute();
  await schema.createIndex("name_keys_owner").on("name_keys").columns(["kind", "owner"]).execute();
  const add = async (kind: string, owner: string, keys: readonly string[]) => {
    for (const key of keys)
      await sql`insert into name_keys (kind, key, owner) values (${kind}, ${key}, ${owner}) on conflict do nothing`.execute(
        db,
      );
  };
  const users = await sql<{ id: string; name: string; email: string }>`
    select id, name, email from users where email not like '%@removed.invalid' order by created_at, id`.execute(db);
  for (const { id, name } of users.rows) await add("user", id, nameKeys(name));
  const rooms = await sql<{
    name: string;
  }>`select name from rooms where kind = 'public' order by created_at, name`.execute(db);
  for (const { name } of rooms.rows) await add("room", name, [skeleton(name)]);
}

/** Counts the bytes of each user's messages: the text, and 200 bytes for each message. */
async function storedBytes(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .alterTable("users")
    .addColumn("stored_bytes", "bigint", (column) => column.notNull().defaultTo(0))
    .execute();
  await sql`update users set stored_bytes =
    (select coalesce(sum(octet_length(text) + 200), 0) from messages where messages.author_id = users.id)`.execute(db);
}

/**
 * What throttles remember on all nodes, one row for a key. The embedded database has one node, which remembers it in
 * its memory. Unlogged (https://www.postgresql.org/docs/current/sql-createtable.html): a commit waits for no disk,
 * backups and archives have no copy, and a crash of PostgreSQL empties it.
 */
async function throttles(db: Kysely<unknown>): Promise<void> {
  if (!isPostgres(db)) return;
  const zero = (column: ColumnDefinitionBuilder) => column.notNull().defaultTo(0);
  await db.schema
    .createTable("throttles")
    .modifyFront(sql`unlogged`)
    .addColumn("key", "text", (column) => column.primaryKey())
    .addColumn("count", "bigint", zero)
    .addColumn("until", "bigint", zero)
    .addColumn("at", "bigint", zero)
    .addColumn("expires_at", "bigint", zero)
    .addColumn("turns", "text")
    .execute();
}

/** PostgreSQL stores messages in a function; the embedded database needs none. */
async function appendFunction(db: Kysely<unknown>): Promise<void> {
  if (isPostgres(db)) await createAppendFunction(db);
}

/** Created a function that no program uses any more. */
async function removedFunction(): Promise<void> {}

/** PostgreSQL lets users into rooms in a function; the embedded database needs none. */
async function enteringFunction(db: Kysely<unknown>): Promise<void> {
  if (isPostgres(db)) await createEnteringFunction(db);
}
