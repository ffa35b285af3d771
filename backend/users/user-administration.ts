import type { Context } from "moleculer";
import { announce, call, type Handlers, type Meta, refuse } from "../contract/index.ts";
import { ROLES } from "../surface/roles.ts";
import type { AuditTrail } from "./audit-trail.ts";
import { MAIL_PURPOSES } from "./mail-token.ts";
import { toListedAccount } from "./profile.ts";
import type { UsersStore } from "./store.ts";
import type { User } from "./user-store.ts";

type Administration = Pick<Handlers<"users">, "list" | "setRole" | "disable" | "enable" | "audit">;

/** Number of users, or audit records, in a page. */
const PAGE_SIZE = 50;

/**
 * What administrators do to other users' accounts. They cannot do it to their own, and the last administrator cannot
 * lose the role or the account.
 */
export function userAdministration(options: {
  readonly store: UsersStore;
  readonly clock: () => number;
  readonly audit: AuditTrail;
}): Administration {
  const { store, clock, audit } = options;

  const requireOtherUser = async (
    ctx: Context<{ readonly id: string }, Meta & { user: { id: string } }>,
  ): Promise<User> => {
    const user = await store.users.find(ctx.params.id);
    if (!user) throw refuse("NOT_FOUND");
    if (user.id === ctx.meta.user.id) {
      throw refuse("OWN_ACCOUNT");
    }
    return user;
  };

  return {
    async list(ctx) {
      const { after } = ctx.params;
      const last = after === undefined ? undefined : await store.users.find(after);
      if (after !== undefined && !last) throw refuse("NOT_FOUND");
      const users = await store.users.list(PAGE_SIZE + 1, last);
      return { users: users.slice(0, PAGE_SIZE).map(toListedAccount), more: users.length > PAGE_SIZE };
    },

    async setRole(ctx) {
      const role = ROLES.find((known) => known === ctx.params.role);
      if (!role) throw refuse("VALIDATION", { field: "role" });
      const user = await requireOtherUser(ctx);
      const at = clock();
      const before = await store.users.changeRole(user.id, role, at);
      if (before === "last-admin") throw refuse("LAST_ADMIN");
      await audit(ctx, "role.changed", user.id, `${before} to ${role}`);
      await announce(ctx.broker, "user.changed", { id: user.id, at });
      return toListedAccount({ ...user, role });
    },

    async disable(ctx) {
      const user = await requireOtherUser(ctx);
      const disabledAt = await store.users.disable(user.id, clock());
      if (disabledAt === "last-admin") throw refuse("LAST_ADMIN");
      await store.mailTokens.invalidate(user.id, MAIL_PURPOSES);
      await call(ctx, "auth.endSessions", { userId: user.id, reason: "disabled" });
      await audit(ctx, "user.disabled", user.id);
      return toListedAccount({ ...user, disabledAt });
    },

    async enable(ctx) {
      const user = await requireOtherUser(ctx);
      await store.users.enable(user.id);
      await audit(ctx, "user.enabled", user.id);
      return toListedAccount({ ...user, disabledAt: null });
    },

    async audit(ctx) {
      const records = await store.audit.list(PAGE_SIZE + 1, ctx.params.before);
      return { records: records.slice(0, PAGE_SIZE), more: records.length > PAGE_SIZE };
    },
  };
}
