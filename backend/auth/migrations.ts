import type { Kysely } from "kysely";
import type { Migrations } from "../store/index.ts";

export const authMigrations: Migrations = {
  "0001_sessions": { up: sessions },
  "0002_devices": { up: devices },
  "0003_ended": { up: ended },
  "0004_access_hash": { up: accessHash },
};

async function sessions({ schema }: Kysely<unknown>): Promise<void> {
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
}

async function devices({ schema }: Kysely<unknown>): Promise<void> {
  await schema.alterTable("sessions").addColumn("address", "text").execute();
  await schema.alterTable("sessions").addColumn("agent", "text").execute();
}

/** Each node reads twice a second which sessions have ended. */
async function ended({ schema }: Kysely<unknown>): Promise<void> {
  await schema.createIndex("sessions_ended").on("sessions").column("ended_at").execute();
}

/** Rows of sessions that began before have none until they are renewed. */
async function accessHash({ schema }: Kysely<unknown>): Promise<void> {
  await schema.alterTable("sessions").addColumn("access_hash", "text").execute();
}
