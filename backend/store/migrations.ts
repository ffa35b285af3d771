import type { Kysely } from "kysely";
import type { Migration } from "kysely/migration";

/*
 * How the tables came to be, in order; a migration that has been released never changes. Only what SQLite and PostgreSQL share.
 */

export const migrations: Readonly<Record<string, Migration>> = {
  "0001_road": { up: road },
  "0002_accounts": { up: accounts },
  "0003_mail": { up: mail },
  "0004_read_marks": { up: readMarks },
};

async function road(db: Kysely<unknown>): Promise<void> {
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
  // what each node asks twice a second: who lost a right lately
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
