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
  /** When the address was shown to be the user's own; null until then. */
  readonly verifiedAt: number | null;
}

/** A user who registers: the address is still to be verified. */
export type NewUser = Omit<User, "verifiedAt">;

export type UserStore = ReturnType<typeof userStore>;

export function userStore(db: Kysely<Schema>) {
  return {
    /** False when the e-mail address has a user already. */
    async create(user: NewUser): Promise<boolean> {
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

    /** Whether there is an admin who may sign in, besides one if that is named. */
    async hasAdmin(besides = ""): Promise<boolean> {
      const admins = db.selectFrom("users").select("id").where("role", "=", "admin").where("disabled_at", "is", null);
      return (await admins.where("id", "<>", besides).limit(1).executeTakeFirst()) !== undefined;
    },

    async setName(id: string, name: string): Promise<void> {
      await db.updateTable("users").set({ name }).where("id", "=", id).execute();
    },

    /** `at` in milliseconds since 1970; null lets the user sign in again. */
    async setDisabled(id: string, at: number | null): Promise<void> {
      await db.updateTable("users").set({ disabled_at: at }).where("id", "=", id).execute();
    },

    /** The address is the user's own; false when the user has another one by now. */
    async setVerified(id: string, email: string, at: number): Promise<boolean> {
      const { numUpdatedRows } = await db
        .updateTable("users")
        .set({ verified_at: at })
        .where("id", "=", id)
        .where("email", "=", email)
        .executeTakeFirst();
      return numUpdatedRows > 0n;
    },

    /**
     * Another address, which was shown to be the user's own: `taken` when somebody else has it, `changed` when the password is another
     * one than when the user was read.
     */
    async setEmail(user: User, email: string, at: number): Promise<"set" | "taken" | "changed"> {
      try {
        const { numUpdatedRows } = await db
          .updateTable("users")
          .set({ email, verified_at: at })
          .where("id", "=", user.id)
          .where("password_hash", "=", user.passwordHash)
          .executeTakeFirst();
        return numUpdatedRows > 0n ? "set" : "changed";
      } catch (error) {
        const holder = await db.selectFrom("users").select("id").where("email", "=", email).executeTakeFirst();
        if (holder && holder.id !== user.id) return "taken";
        throw error;
      }
    },

    /**
     * Takes away everything that says who it was; the messages stay, and with them a row that they belong to. False when the password is
     * not the one of `from` any more.
     */
    async anonymize(
      id: string,
      from: string,
      replacement: Pick<User, "email" | "name" | "passwordHash">,
      now: number,
    ): Promise<boolean> {
      const { email, name, passwordHash } = replacement;
      const nobody = { email, name, password_hash: passwordHash, role: "user", disabled_at: now } as const;
      const { numUpdatedRows } = await db
        .updateTable("users")
        .set({ ...nobody, verified_at: null })
        .where("id", "=", id)
        .where("password_hash", "=", from)
        .executeTakeFirst();
      return numUpdatedRows > 0n;
    },

    /** Another password for who knew the one of `from`; false when it is another one by now, so that nothing follows from knowing it. */
    async replacePasswordHash(id: string, from: string, to: string): Promise<boolean> {
      const { numUpdatedRows } = await db
        .updateTable("users")
        .set({ password_hash: to })
        .where("id", "=", id)
        .where("password_hash", "=", from)
        .executeTakeFirst();
      return numUpdatedRows > 0n;
    },

    /** Another password, whatever it was, for who reads the address's mail; false when the user has another address by now. */
    async resetPasswordHash(id: string, email: string, to: string): Promise<boolean> {
      const { numUpdatedRows } = await db
        .updateTable("users")
        .set({ password_hash: to })
        .where("id", "=", id)
        .where("email", "=", email)
        .executeTakeFirst();
      return numUpdatedRows > 0n;
    },

    /** Whose role has changed since a time, and when. */
    async roleChangedSince(since: number): Promise<readonly { readonly id: string; readonly at: number }[]> {
      const query = db.selectFrom("users").select(["id", "role_changed_at"]).where("role_changed_at", ">=", since);
      return (await query.execute()).map(({ id, role_changed_at }) => ({ id, at: role_changed_at ?? since }));
    },

    /** False when there is no such user. */
    async setRole(id: string, role: Role, now: number = Date.now()): Promise<boolean> {
      const changed = { role, role_changed_at: now };
      const { numUpdatedRows } = await db.updateTable("users").set(changed).where("id", "=", id).executeTakeFirst();
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
    verifiedAt: row.verified_at,
  };
}
