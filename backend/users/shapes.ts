import { boolean, named, nullable, oneOf, type TypeOf, unbounded } from "../surface/grammar.ts";
import { ROLES } from "../surface/roles.ts";
import { MAX_PICTURE_BYTES, PICTURE_TYPES } from "./constants.ts";

const text = unbounded.string();
const time = unbounded.integer({ description: "Milliseconds since 1970." });

export const profile = named("Profile", "A user's own account.", {
  id: text,
  email: unbounded.string({ format: "email" }),
  name: text,
  verified: boolean({ description: "Whether the user has opened a link in a mail to this address." }),
  roles: unbounded.array(oneOf(ROLES)),
  createdAt: time,
});
export type Profile = TypeOf<typeof profile>;

export const listedAccount = named("Listed", "An account, as administrators see it.", {
  ...profile.properties,
  disabledAt: nullable(unbounded.integer(), {
    description: "Milliseconds since 1970; null while the user may sign in.",
  }),
});
export type ListedAccount = TypeOf<typeof listedAccount>;

export const signedIn = named("SignedIn", "The session of a user who has signed in.", {
  user: profile,
  accessToken: unbounded.string({ secret: true }),
  expiresIn: unbounded.integer({ description: "Seconds until the access token ends." }),
  refreshToken: unbounded.string({
    secret: true,
    cookie: true,
    description: "Valid for one refresh. A page gets it as a cookie that no script can read, and not here.",
  }),
});
export type SignedIn = TypeOf<typeof signedIn>;

/** It holds no secrets and no e-mail addresses, so that it may be kept when an account is removed. */
export const auditRecord = named("AuditRecord", "One line of the audit log.", {
  id: unbounded.string({ description: "Sorts by time." }),
  at: time,
  action: unbounded.string({
    description: "What was done, for example `user.disabled`. Each feature declares its own actions.",
  }),
  actorId: nullable(unbounded.string(), {
    description: "User who did it; null when no user was signed in, or a command on the server did it.",
  }),
  subjectId: unbounded.string({ description: "User that it concerns." }),
  address: nullable(unbounded.string()),
  detail: nullable(unbounded.string()),
});
export type AuditRecord = TypeOf<typeof auditRecord>;

export { MAX_PICTURE_BYTES, PICTURE_TYPES };
export type PictureType = (typeof PICTURE_TYPES)[number];

/** Maximum pixels of a side: a browser needs 16 MiB to decode the largest picture. */
export const MAX_PICTURE_SIDE = 2048;
