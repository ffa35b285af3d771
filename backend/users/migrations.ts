import { type Kysely, sql } from "kysely";
import { isPostgres, type Migrations } from "../store/index.ts";
import { nameKeys } from "../text/look-alike.ts";

export const usersMigrations: Migrations = {
  "0001_users": { up: users },
  "0002_audit": { up: audit },
  "0003_mail": { up: mail },
  "0004_name_keys": { up: nameKeysOfUsers },
  "0005_pictures": { up: pictures },
  "0006_removed": { up: removedUsers },
};

async function users(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable("users")
    .addColumn("id", "text", (column) => column.primaryKey())
    .addColumn("email", "text", (column) => column.notNull().unique())
    .addColumn("name", "text", (column) => column.notNull())
    .addColumn("password_hash", "text", (column) => column.notNull())
    .addColumn("role", "text", (column) => column.notNull())
    .addColumn("created_at", "bigint", (column) => column.notNull())
    .addColumn("disabled_at", "bigint")
    .execute();
}

async function audit(db: Kysely<unknown>): Promise<void> {
  await db.schema
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
  // each node reads twice a second which roles have changed
  await schema.createIndex("users_role_changed").on("users").column("role_changed_at").execute();
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

/** Users keep their names. Of several that look alike, the oldest one takes the key, so that no more are added. */
async function nameKeysOfUsers(db: Kysely<unknown>): Promise<void> {
  const { schema } = db;
  await schema
    .createTable("name_keys")
    .addColumn("kind", "text", (column) => column.notNull())
    .addColumn("key", "text", (column) => column.notNull())
    .addColumn("owner", "text", (column) => column.notNull())
    .addPrimaryKeyConstraint("name_keys_pk", ["kind", "key"])
    .execute();
  await schema.createIndex("name_keys_owner").on("name_keys").columns(["kind", "owner"]).execute();
  const { rows } = await sql<{ id: string; name: string }>`
    select id, name from users where email not like '%@removed.invalid' order by created_at, id`.execute(db);
  for (const { id, name } of rows) {
    for (const key of nameKeys(name)) {
      const row = sql`insert into name_keys (kind, key, owner) values ('user', ${key}, ${id}) on conflict do nothing`;
      await row.execute(db);
    }
  }
}

async function pictures(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable("user_pictures")
    .addColumn("user_id", "text", (column) => column.primaryKey().references("users.id").onDelete("cascade"))
    .addColumn("hash", "text", (column) => column.notNull())
    .addColumn("type", "text", (column) => column.notNull())
    .addColumn("bytes", isPostgres(db) ? "bytea" : "blob", (column) => column.notNull())
    .addColumn("changed_at", "bigint", (column) => column.notNull())
    .execute();
}

async function removedUsers(db: Kysely<unknown>): Promise<void> {
  const { schema } = db;
  await schema
    .createTable("removed_users")
    .addColumn("user_id", "text", (column) => column.primaryKey().references("users.id").onDelete("cascade"))
    .addColumn("removed_at", "bigint", (column) => column.notNull())
    .execute();
  await schema.createIndex("removed_users_at").on("removed_users").column("removed_at").execute();
  await sql`insert into removed_users (user_id, removed_at)
    select id, coalesce(disabled_at, 0) from users where email like '%@removed.invalid'`.execute(db);
}
