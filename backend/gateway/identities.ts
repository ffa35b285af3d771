import type { ServiceBroker } from "moleculer";
import { bearerToken, type Identity, identify } from "./identity.ts";

/** Milliseconds for which an answer of `auth.verifyToken` is taken again: a page asks for several things at once. */
const REMEMBERED_FOR = 300;
/** Most answers kept; all are forgotten when there would be more. */
const MOST = 10_000;

/** Who is behind an `Authorization` header. */
export interface Identities {
  /** At once where it is known; throws, or rejects with, UNAUTHORIZED. */
  of(authorization: string | undefined): Identity | Promise<Identity>;
  /** Forgets all identities: a session has ended, or a user's roles have changed. */
  forget(): void;
}

/** Asks the auth service, and for a moment not again. `clock` in milliseconds since 1970, for all nodes alike. */
export function createIdentities(broker: ServiceBroker, clock: () => number = Date.now): Identities {
  const known = new Map<string, { readonly identity: Identity; readonly at: number }>();
  let forgotten = 0;

  async function ask(authorization: string | undefined): Promise<Identity> {
    const before = forgotten;
    const now = clock();
    const identity = await identify(broker, bearerToken(authorization));
    // what was asked before the news is not kept after it
    if (authorization === undefined || before !== forgotten) return identity;
    if (known.size >= MOST) known.clear();
    known.set(authorization, { identity, at: now });
    return identity;
  }

  /** Also false when the clock was set back. */
  function isFresh(identity: Identity, at: number): boolean {
    const now = clock();
    return now >= at && now < Math.min(at + REMEMBERED_FOR, identity.expiresAt);
  }

  return {
    of(authorization) {
      const found = authorization === undefined ? undefined : known.get(authorization);
      return found && isFresh(found.identity, found.at) ? found.identity : ask(authorization);
    },
    forget() {
      forgotten++;
      known.clear();
    },
  };
}
