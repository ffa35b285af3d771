import type { FeatureSurface } from "../surface/feature-surface.ts";
import { object, oneOf, optional, string, unbounded } from "../surface/grammar.ts";
import { ROLES } from "../surface/roles.ts";
import { done, id } from "../surface/values.ts";
import { signedIn } from "../users/shapes.ts";
import { publicJwk, sessionInfo } from "./shapes.ts";

/** What is public of sessions: their renewal and end, and the keys that verify access tokens. */

const KIB = 1024;
const text = unbounded.string();
const { accessToken, expiresIn, refreshToken } = signedIn.properties;

export const authSurface = {
  http: [
    {
      method: "POST",
      path: "/api/auth/refresh",
      action: "auth.refresh",
      summary: "Renew a session",
      access: "public",
      rate: "write",
      bodyLimit: 4 * KIB,
      params: { refreshToken: optional(string({ min: 1, max: 256, secret: true })) },
      returns: signedIn,
      session: "renews",
      refuses: ["SIGN_IN", "UNAUTHORIZED"],
    },
    {
      method: "POST",
      path: "/api/auth/logout",
      action: "auth.logout",
      summary: "End this session",
      access: "user",
      rate: "write",
      bodyLimit: 4 * KIB,
      params: {},
      session: "ends",
      returns: object({ ended: done }),
    },
    {
      method: "GET",
      path: "/api/auth/sessions",
      action: "auth.sessions",
      summary: "List the caller's sessions",
      access: "user",
      rate: "read",
      bodyLimit: 0,
      params: {},
      returns: object({ sessions: unbounded.array(sessionInfo) }),
    },
    {
      method: "POST",
      path: "/api/auth/sessions/end",
      action: "auth.endSession",
      summary: "End one of the caller's sessions",
      access: "user",
      rate: "write",
      bodyLimit: 4 * KIB,
      params: { sid: id },
      returns: object({ ended: done }),
      refuses: ["NOT_FOUND"],
    },
    {
      method: "GET",
      path: "/.well-known/jwks.json",
      action: "auth.jwks",
      summary: "Read the keys that verify access tokens",
      access: "public",
      rate: "read",
      bodyLimit: 0,
      params: {},
      returns: object({ keys: unbounded.array(publicJwk) }),
    },
  ],
  audits: ["session.ended", "session.reused"],
  codes: {
    SIGN_IN: [401, "Sign in again."],
  },
  actions: {
    /** Refuses with UNAUTHORIZED a token that is invalid or whose session has ended. The roles are the current ones. */
    "auth.verifyToken": {
      params: { token: string({ min: 1, max: 4096, secret: true }) },
      returns: object({
        id: text,
        roles: unbounded.array(oneOf(ROLES)),
        sid: text,
        exp: unbounded.integer({ description: "When the token ends, in seconds since 1970 (RFC 7519 4.1.4)." }),
      }),
    },
    /** Refuses with CREDENTIALS when the password has been changed since it was verified. */
    "auth.startSession": {
      params: {
        userId: id,
        /** `hashFingerprint` of the hash that a password was verified against. */
        passwordFingerprint: optional(string({ min: 1, max: 64, secret: true })),
      },
      returns: object({ accessToken, expiresIn, refreshToken }),
    },
    /** Ends all sessions of a user, except one if it is named. */
    "auth.endSessions": {
      params: { userId: id, except: optional(id), reason: string({ min: 1, max: 16 }) },
      returns: object({ ended: unbounded.integer() }),
    },
    /** The addresses from which the user has signed in, or renewed a session that may be live now. */
    "auth.knownAddresses": {
      params: { userId: id },
      returns: object({ addresses: unbounded.array(text) }),
    },
    /** Makes an access token. Does not look up the session: `auth.verifyToken` refuses tokens of an ended one. */
    "auth.generateToken": {
      params: { userId: id, sid: id },
      returns: object({ accessToken, expiresIn }),
    },
  },
  events: {
    /** A session has ended: every node forgets its tokens and closes its sockets at once. */
    "session.ended": { payload: object({ sid: text }) },
    /** A refresh token was used again after its successor: a second client has a copy, so the session was ended. */
    "session.reused": { payload: object({ sid: text, userId: text, address: optional(text) }) },
    /** Within one node: it cannot read any more which sessions have ended, so it closes its sockets. */
    "sessions.unreadable": { payload: object({}) },
  },
} as const satisfies FeatureSurface;
