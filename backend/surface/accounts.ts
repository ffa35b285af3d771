import { boolean, constant, named, nullable, object, oneOf, type TypeOf, unbounded } from "./grammar.ts";

/** Roles in ascending order; each includes the ones before it. */
export const ROLES = ["user", "moderator", "admin"] as const;
export type Role = (typeof ROLES)[number];

/** What is recorded for admins: which user did what to which account, and what site moderators did in which room. */
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

const text = unbounded.string();
const time = unbounded.integer({ description: "Milliseconds since 1970." });

export const profile = named("Profile", "A user as that user sees themself.", {
  id: text,
  email: unbounded.string({ format: "email" }),
  name: text,
  verified: boolean({ description: "Whether a link in a mail has shown that the address is the user's own." }),
  roles: unbounded.array(oneOf(ROLES)),
  createdAt: time,
});
export type Profile = TypeOf<typeof profile>;

export const listed = named("Listed", "A user as admins see one.", {
  ...profile.properties,
  disabledAt: nullable(unbounded.integer(), {
    description: "Milliseconds since 1970; null while the user may sign in.",
  }),
});
export type Listed = TypeOf<typeof listed>;

export const signedIn = named("SignedIn", "What signing in gives.", {
  user: profile,
  accessToken: unbounded.string({ secret: true }),
  expiresIn: unbounded.integer({ description: "Seconds until the access token ends." }),
  refreshToken: unbounded.string({
    secret: true,
    cookie: true,
    description: "Good for one refresh. A page gets it as a cookie that no script can read, and not here.",
  }),
});
export type SignedIn = TypeOf<typeof signedIn>;

export const sessionInfo = named("Session", "A session as its user sees it.", {
  sid: text,
  current: boolean({ description: "Whether the request belongs to this session." }),
  createdAt: time,
  usedAt: time,
  address: nullable(unbounded.string()),
  agent: nullable(unbounded.string(), { description: "What the client called itself." }),
});
export type SessionInfo = TypeOf<typeof sessionInfo>;

/** It holds no secrets, and no e-mail addresses, so that it outlives the people in it. */
export const auditRecord = named("AuditRecord", "One line of the audit log.", {
  id: unbounded.string({ description: "Sorts by time." }),
  at: time,
  action: oneOf(AUDIT_ACTIONS),
  actorId: nullable(unbounded.string(), {
    description: "User who did it; null when no user was signed in, or a command on the server did it.",
  }),
  subjectId: unbounded.string({ description: "User that it concerns." }),
  address: nullable(unbounded.string()),
  detail: nullable(unbounded.string()),
});
export type AuditRecord = TypeOf<typeof auditRecord>;

export const publicJwk = named("PublicJwk", "A public key that access tokens are verified with (RFC 7517).", {
  kty: constant("EC"),
  crv: constant("P-256"),
  x: text,
  y: text,
  kid: text,
  alg: constant("ES256"),
  use: constant("sig"),
});
export type PublicJwk = TypeOf<typeof publicJwk>;

const foreign = unbounded.object();
/** The OpenAPI document itself. */
export const openApiDocument = object({
  openapi: text,
  info: foreign,
  servers: unbounded.array(foreign),
  paths: foreign,
  components: foreign,
  "x-socket": foreign,
});
