import { list, named, object, type TypeOf } from "./shape.ts";

/** Roles in ascending order; each includes the ones before it. */
export const ROLES = ["user", "moderator", "admin"] as const;
export type Role = (typeof ROLES)[number];

/** What is recorded for admins: who did what to whose account, and site moderators to whom in which room. */
export const AUDIT_ACTIONS = [
  "user.registered",
  "login.succeeded",
  "login.failed",
  "session.ended",
  "session.reused",
  "profile.changed",
  "email.changed",
  "email.verified",
  "verification.requested",
  "password.changed",
  "password.reset",
  "reset.requested",
  "role.changed",
  "user.disabled",
  "user.enabled",
  "user.removed",
  "member.role",
  "member.muted",
  "member.unmuted",
  "member.kicked",
  "member.banned",
  "member.unbanned",
  "message.removed",
  "report.upheld",
  "report.dismissed",
] as const;

const text = { type: "string" } as const;
const time = { type: "integer", about: "Milliseconds since 1970." } as const;

export const profile = named("Profile", "A user as that user sees themself.", {
  id: text,
  email: { type: "string", format: "email" },
  name: text,
  verified: { type: "boolean", about: "Whether the address was shown to be the user's own, by a link in a mail." },
  roles: list({ type: "word", words: ROLES }),
  createdAt: time,
});
export type Profile = TypeOf<typeof profile>;

export const listed = named("Listed", "A user as admins see one.", {
  ...profile.fields,
  disabledAt: { type: "integer", nullable: true, about: "Milliseconds since 1970; null while the user may sign in." },
});
export type Listed = TypeOf<typeof listed>;

export const signedIn = named("SignedIn", "What signing in gives.", {
  user: profile,
  accessToken: { type: "string", secret: true },
  expiresIn: { type: "integer", about: "Seconds until the access token ends." },
  refreshToken: {
    type: "string",
    secret: true,
    cookie: true,
    about: "Good for one refresh. A page gets it as a cookie that no script can read, and not here.",
  },
});
export type SignedIn = TypeOf<typeof signedIn>;

export const sessionInfo = named("Session", "A session as its user sees it.", {
  sid: text,
  current: { type: "boolean", about: "Whether it is the one that asks." },
  createdAt: time,
  usedAt: time,
  address: { type: "string", nullable: true },
  agent: { type: "string", nullable: true, about: "What the client called itself." },
});
export type SessionInfo = TypeOf<typeof sessionInfo>;

/** It holds no secrets, and no e-mail addresses, so that it outlives the people in it. */
export const auditRecord = named("AuditRecord", "One line of the audit log.", {
  id: { type: "string", about: "Sorts by time." },
  at: time,
  action: { type: "word", words: AUDIT_ACTIONS },
  actorId: {
    type: "string",
    nullable: true,
    about: "User who did it; null when nobody was signed in, or a command on the server did it.",
  },
  subjectId: { type: "string", about: "User whom it concerns." },
  address: { type: "string", nullable: true },
  detail: { type: "string", nullable: true },
});
export type AuditRecord = TypeOf<typeof auditRecord>;

export const publicJwk = named("PublicJwk", "A public key that access tokens are verified with (RFC 7517).", {
  kty: { type: "word", words: ["EC"] },
  crv: { type: "word", words: ["P-256"] },
  x: text,
  y: text,
  kid: text,
  alg: { type: "word", words: ["ES256"] },
  use: { type: "word", words: ["sig"] },
});
export type PublicJwk = TypeOf<typeof publicJwk>;

const foreign = { type: "foreign" } as const;
/** The OpenAPI document itself. */
export const openApiDocument = object({
  openapi: text,
  info: foreign,
  paths: foreign,
  components: foreign,
  "x-socket": foreign,
});
