import type { Kysely } from "kysely";
import type { Role } from "../surface.ts";
import type { Schema, UsersTable } from "./schema.ts";

/** A user as the services know one. Times in milliseconds since 1970. */
export interface User {
  readonly id: string;
  readonly email: string;
  readonly name: string;
  readonly passwordHash: string;
  readonly role: Role;
  readonly createdAt: number;
  readonly disabledAt: number | null;
}

export type UserStore = ReturnType<typeof userStore>;

export function userStore(db: Kysely<Schema>) {
  return {
    /** False when the e-mail address has a user already. */
    async create(user: User): Promise<boolean> {
      const created = await db
        .insertInto("users")
        .values({
          id: user.id,
          email: user.email,
          name: user.name,
          password_hash: user.passwordHash,
          role: user.role,
          created_at: user.createdAt,
          disabled_at: user.disabledAt,
        })
        .onConflict((conflict) => conflict.column("email").doNothing())
        .returning("id")
        .executeTakeFirst();
      return created !== undefined;
    },

    async find(id: string): Promise<User | undefined> {
      return asUser(await db.selectFrom("users").selectAll().where("id", "=", id).executeTakeFirst());
    },

    /** `email` in its one spelling. */
    async findByEmail(email: string): Promise<User | undefined> {
      return asUser(await db.selectFrom("users").selectAll().where("email", "=", email).executeTakeFirst());
    },

    /** In the order of registration, after a user if one is named. */
    async list(limit: number, after?: User): Promise<readonly User[]> {
      const all = db.selectFrom("users").selectAll();
      const query = after
        ? all.where((row) =>
            row.or([
              row("created_at", ">", after.createdAt),
              row.and([row("created_at", "=", after.createdAt), row("id", ">", after.id)]),
            ]),
          )
        : all;
      return (await query.orderBy("created_at").orderBy("id").limit(limit).execute()).map(fields);
    },

    /** Whether there is an admin who may sign in. */
    async hasAdmin(): Promise<boolean> {
      const query = db.selectFrom("users").select("id").where("role", "=", "admin").where("disabled_at", "is", null);
      return (await query.limit(1).executeTakeFirst()) !== undefined;
    },

    async setName(id: string, name: string): Promise<void> {
      await db.updateTable("users").set({ name }).where("id", "=", id).execute();
    },

    /** `at` in milliseconds since 1970; null lets the user sign in again. */
    async setDisabled(id: string, at: number | null): Promise<void> {
      await db.updateTable("users").set({ disabled_at: at }).where("id", "=", id).execute();
    },

    /** Takes away everything that says who it was; the messages stay, and with them a row that they belong to. */
    async anonymize(
      id: string,
      replacement: Pick<User, "email" | "name" | "passwordHash">,
      now: number,
    ): Promise<void> {
      const { email, name, passwordHash } = replacement;
      const nobody = { email, name, password_hash: passwordHash, role: "user", disabled_at: now } as const;
      await db.updateTable("users").set(nobody).where("id", "=", id).execute();
    },

    async setPasswordHash(id: string, passwordHash: string): Promise<void> {
      await db.updateTable("users").set({ password_hash: passwordHash }).where("id", "=", id).execute();
    },

    /** False when there is no such user. */
    async setRole(id: string, role: Role): Promise<boolean> {
      const { numUpdatedRows } = await db.updateTable("users").set({ role }).where("id", "=", id).executeTakeFirst();
      return numUpdatedRows > 0n;
    },
  };
}

function asUser(row: UsersTable | undefined): User | undefined {
  return row && fields(row);
}

function fields(row: UsersTable): User {
  return {
    id: row.id,
    email: row.email,
    name: row.name,
    passwordHash: row.password_hash,
    role: row.role,
    createdAt: row.created_at,
    disabledAt: row.disabled_at,
  };
}
