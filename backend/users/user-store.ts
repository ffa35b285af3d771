import type { Kysely, Selectable, Transaction } from "kysely";
import { inOwnTransaction, Undo, undoable } from "../store/index.ts";
import type { Role } from "../surface/roles.ts";
import { type LockUser, lockAdmins, userLock } from "./locks.ts";
import { releaseUserName, takeUserName } from "./name-keys.ts";
import type { UsersTable, UsersTables } from "./tables.ts";

/** A user, as services read one. Times in milliseconds since 1970. */
export interface User {
  readonly id: string;
  readonly email: string;
  readonly name: string;
  readonly passwordHash: string;
  readonly role: Role;
  readonly createdAt: number;
  readonly disabledAt: number | null;
  /** When the address was verified to be the user's own; null until then. */
  readonly verifiedAt: number | null;
}

/** A user who registers: the address is still to be verified. */
export type NewUser = Omit<User, "verifiedAt">;

/** The result of a registration. */
export type CreationOutcome = "created" | "email-taken" | "name-taken";

/** Accounts in the database. */
export class UserStore {
  readonly #db: Kysely<UsersTables>;
  readonly #now: () => number;
  readonly #lockUser: LockUser;

  /** `now` in milliseconds since 1970. */
  constructor(db: Kysely<UsersTables>, now: () => number) {
    this.#db = db;
    this.#now = now;
    this.#lockUser = userLock(db);
  }

  /** Registers a user, unless the e-mail address has one already or another user's name looks like this one. */
  async create(user: NewUser): Promise<CreationOutcome> {
    return undoable(inOwnTransaction(this.#db), (transaction) => insertUser(transaction, user));
  }

  /**
   * Registers the first administrator and uses up the setup link, whose stored hash is `linkHash`. `no-link` when there
   * is no such link or there is an administrator: of several who use one link at once, one is registered. When
   * address or name are taken, the link can be used again.
   */
  async createFirstAdmin(user: NewUser, linkHash: string): Promise<CreationOutcome | "no-link"> {
    return undoable(inOwnTransaction(this.#db), async (transaction) => {
      await lockAdmins(transaction);
      if (await hasAdmin(transaction)) return "no-link";
      const setup = transaction.deleteFrom("keys").where("purpose", "=", "setup").where("material", "=", linkHash);
      if ((await setup.executeTakeFirst()).numDeletedRows === 0n) return "no-link";
      return insertUser(transaction, { ...user, role: "admin" });
    });
  }

  async find(id: string): Promise<User | undefined> {
    return toUserIfAny(await this.#db.selectFrom("users").selectAll().where("id", "=", id).executeTakeFirst());
  }

  /** `email` in its one spelling. */
  async findByEmail(email: string): Promise<User | undefined> {
    return toUserIfAny(await this.#db.selectFrom("users").selectAll().where("email", "=", email).executeTakeFirst());
  }

  /** Users in the order of registration; with `after`, those after this user. */
  async list(limit: number, after?: User): Promise<readonly User[]> {
    const all = this.#db.selectFrom("users").selectAll();
    const query = after
      ? all.where((row) =>
          row.or([
            row("created_at", ">", after.createdAt),
            row.and([row("created_at", "=", after.createdAt), row("id", ">", after.id)]),
          ]),
        )
      : all;
    return (await query.orderBy("created_at").orderBy("id").limit(limit).execute()).map(toUser);
  }

  /** Whether there is an administrator who may sign in. */
  hasAdmin(): Promise<boolean> {
    return hasAdmin(this.#db);
  }

  /** `taken` when another user's name looks like this one, `disabled` when the account is disabled or removed. */
  async setName(id: string, name: string): Promise<"set" | "taken" | "disabled"> {
    return undoable(inOwnTransaction(this.#db), async (transaction) => {
      if ((await this.#lockUser(transaction, id))?.disabledAt !== null) return "disabled";
      if (!(await takeUserName(transaction, id, name))) throw new Undo("taken");
      await transaction.updateTable("users").set({ name }).where("id", "=", id).execute();
      return "set";
    });
  }

  /**
   * Disables an account, `at` milliseconds since 1970. Returns since when it is disabled, which may be earlier;
   * `last-admin` when no administrator would be left.
   */
  async disable(id: string, at: number): Promise<number | "last-admin"> {
    return this.#db.transaction().execute(async (transaction) => {
      await lockAdmins(transaction);
      if (await isLastAdmin(transaction, id)) return "last-admin";
      const { disabled_at } = await transaction
        .updateTable("users")
        // by this time, nodes that did not get the event find the change
        .set((row) => ({ disabled_at: row.fn.coalesce("disabled_at", row.val(at)), role_changed_at: at }))
        .where("id", "=", id)
        .returning("disabled_at")
        .executeTakeFirstOrThrow();
      return disabled_at ?? at;
    });
  }

  /** Lets a user sign in again. */
  async enable(id: string): Promise<void> {
    await this.#db.updateTable("users").set({ disabled_at: null }).where("id", "=", id).execute();
  }

  /** Marks the address as verified; false when the user has another one by now. */
  async setVerified(id: string, email: string, at: number): Promise<boolean> {
    const { numUpdatedRows } = await this.#db
      .updateTable("users")
      .set({ verified_at: at })
      .where("id", "=", id)
      .where("email", "=", email)
      .executeTakeFirst();
    return numUpdatedRows > 0n;
  }

  /**
   * Sets another address, which was verified to be the user's own: `taken` when another user has it, `changed` when the
   * password is another one than when the user was read.
   */
  async setEmail(user: User, email: string, at: number): Promise<"set" | "taken" | "changed"> {
    try {
      const { numUpdatedRows } = await this.#db
        .updateTable("users")
        .set({ email, verified_at: at })
        .where("id", "=", user.id)
        .where("password_hash", "=", user.passwordHash)
        .executeTakeFirst();
      return numUpdatedRows > 0n ? "set" : "changed";
    } catch (error) {
      const holder = await this.#db.selectFrom("users").select("id").where("email", "=", email).executeTakeFirst();
      if (holder && holder.id !== user.id) return "taken";
      throw error;
    }
  }

  /**
   * Removes everything that identifies the user. The row stays, because what the user wrote refers to it. `changed`
   * when the password has no longer the hash `currentHash`, `last-admin` when no administrator would be left.
   */
  async anonymize(
    id: string,
    currentHash: string,
    replacement: Pick<User, "email" | "name" | "passwordHash">,
    now: number,
  ): Promise<"anonymized" | "changed" | "last-admin"> {
    const { email, name, passwordHash } = replacement;
    const account = { email, name, password_hash: passwordHash, role: "user", verified_at: null } as const;
    return this.#db.transaction().execute(async (transaction) => {
      await lockAdmins(transaction);
      if (await isLastAdmin(transaction, id)) return "last-admin";
      const { numUpdatedRows } = await transaction
        .updateTable("users")
        .set({ ...account, disabled_at: now, role_changed_at: now })
        .where("id", "=", id)
        .where("password_hash", "=", currentHash)
        .executeTakeFirst();
      if (numUpdatedRows === 0n) return "changed";
      await transaction
        .insertInto("removed_users")
        .values({ user_id: id, removed_at: now })
        .onConflict((conflict) => conflict.column("user_id").doUpdateSet({ removed_at: now }))
        .execute();
      await releaseUserName(transaction, id);
      await transaction.deleteFrom("user_pictures").where("user_id", "=", id).execute();
      return "anonymized";
    });
  }

  /**
   * Replaces the password whose hash is `currentHash`. Returns false when the user has another one by
   * now: a client that has sent an old password changes nothing.
   */
  async replacePasswordHash(id: string, currentHash: string, newHash: string): Promise<boolean> {
    const { numUpdatedRows } = await this.#db
      .updateTable("users")
      .set({ password_hash: newHash })
      .where("id", "=", id)
      .where("password_hash", "=", currentHash)
      .executeTakeFirst();
    return numUpdatedRows > 0n;
  }

  /**
   * Replaces the password, whatever it was, for the reader of the address's mail; false when the user has another
   * address by now.
   */
  async resetPasswordHash(id: string, email: string, newHash: string): Promise<boolean> {
    const { numUpdatedRows } = await this.#db
      .updateTable("users")
      .set({ password_hash: newHash })
      .where("id", "=", id)
      .where("email", "=", email)
      .executeTakeFirst();
    return numUpdatedRows > 0n;
  }

  /** The users whose role has changed since a time, and when. */
  async roleChangedSince(since: number): Promise<readonly { readonly id: string; readonly at: number }[]> {
    const query = this.#db.selectFrom("users").select(["id", "role_changed_at"]).where("role_changed_at", ">=", since);
    return (await query.execute()).map(({ id, role_changed_at }) => ({ id, at: role_changed_at ?? since }));
  }

  /** Returns the role before; `last-admin` when no administrator would be left. */
  async changeRole(id: string, role: Role, at: number = this.#now()): Promise<Role | "last-admin"> {
    return this.#db.transaction().execute(async (transaction) => {
      await lockAdmins(transaction);
      if (role !== "admin" && (await isLastAdmin(transaction, id))) return "last-admin";
      const before = await this.#lockUser(transaction, id);
      await transaction.updateTable("users").set({ role, role_changed_at: at }).where("id", "=", id).execute();
      return before?.role ?? role;
    });
  }
}

async function insertUser(transaction: Transaction<UsersTables>, user: NewUser): Promise<CreationOutcome> {
  const created = await transaction
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
  if (!created) throw new Undo<CreationOutcome>("email-taken");
  if (!(await takeUserName(transaction, user.id, user.name))) throw new Undo<CreationOutcome>("name-taken");
  return "created";
}

const enabledAdmins = (db: Kysely<UsersTables>) =>
  db.selectFrom("users").select("id").where("role", "=", "admin").where("disabled_at", "is", null);

async function hasAdmin(db: Kysely<UsersTables>): Promise<boolean> {
  return (await enabledAdmins(db).limit(1).executeTakeFirst()) !== undefined;
}

/** Whether this user is the only administrator who may sign in. The caller holds the lock of the administrators. */
async function isLastAdmin(transaction: Transaction<UsersTables>, id: string): Promise<boolean> {
  const admins = await enabledAdmins(transaction).limit(2).execute();
  return admins.length === 1 && admins[0]?.id === id;
}

function toUserIfAny(row: Selectable<UsersTable> | undefined): User | undefined {
  return row && toUser(row);
}

function toUser(row: Selectable<UsersTable>): User {
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
