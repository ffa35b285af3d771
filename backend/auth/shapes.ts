import { boolean, constant, named, nullable, type TypeOf, unbounded } from "../surface/grammar.ts";

const text = unbounded.string();
const time = unbounded.integer({ description: "Milliseconds since 1970." });

export const sessionInfo = named("Session", "A session as its user sees it.", {
  sid: text,
  current: boolean({ description: "Whether the request belongs to this session." }),
  createdAt: time,
  usedAt: time,
  address: nullable(unbounded.string()),
  agent: nullable(unbounded.string(), { description: "The header User-Agent of the client." }),
});
export type SessionInfo = TypeOf<typeof sessionInfo>;

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
