import { type Handlers, readBody, refuse } from "../contract/index.ts";
import type { AccountCheck } from "./account-check.ts";
import type { AuditTrail } from "./audit-trail.ts";
import { pictureHash, readPicture } from "./picture.ts";
import type { UsersStore } from "./store.ts";

/** What pictures need from the rest of the service. */
export interface PictureParts {
  readonly store: Pick<UsersStore, "pictures">;
  readonly audit: AuditTrail;
  /** Milliseconds since 1970. */
  readonly clock: () => number;
  readonly accounts: AccountCheck;
}

const EXTENSIONS = { "image/png": "png", "image/jpeg": "jpg", "image/webp": "webp" } as const;

/**
 * Pictures of users. A user sets the own one; every signed-in user may see those of accounts that are not
 * disabled, and site moderators see all.
 */
export function userPictures({
  store,
  audit,
  clock,
  accounts,
}: PictureParts): Pick<Handlers<"users">, "setPicture" | "removePicture" | "picture" | "pictures"> {
  return {
    async setPicture(ctx) {
      const user = await accounts.requireCaller(ctx);
      const read = readPicture(await readBody(ctx));
      if (!read.ok) throw refuse(read.code);
      await accounts.countAudited(user);
      const hash = pictureHash(user.id, read.value);
      if (!(await store.pictures.set(user.id, hash, read.value, clock()))) throw refuse("UNAUTHORIZED");
      await audit(ctx, "profile.changed", user.id, "picture");
      return { picture: hash };
    },

    async removePicture(ctx) {
      const user = await accounts.requireCaller(ctx);
      await accounts.countAudited(user);
      await store.pictures.remove(user.id);
      await audit(ctx, "profile.changed", user.id, "picture");
      return { picture: null };
    },

    async picture(ctx) {
      await accounts.requireCaller(ctx);
      const { id, hash } = ctx.params;
      const found = await store.pictures.find(id, hash, ctx.meta.user.roles.includes("moderator"));
      if (!found) throw refuse("NOT_FOUND");
      const file = `picture.${EXTENSIONS[found.type]}`;
      ctx.meta.$responseType = found.type;
      ctx.meta.$responseHeaders = { etag: `"${hash}"`, "content-disposition": `attachment; filename="${file}"` };
      return found.bytes;
    },

    async pictures(ctx) {
      await accounts.requireCaller(ctx);
      return { pictures: await store.pictures.ofUsers([...new Set(ctx.params.users)]) };
    },
  };
}
