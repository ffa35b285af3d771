import { type ChatOptions, chatFeature } from "../../backend/chat/feature.ts";
import type { FeatureContext } from "../../backend/feature.ts";
import { type GivenModules, loadFeatures, startFeatures } from "../../backend/modules.ts";
import { type UsersOptions, usersFeature } from "../../backend/users/feature.ts";
import type { HashCost } from "../../backend/users/password.ts";

/** Hashing that is fast, for tests that are about something else. */
export const CHEAP: HashCost = { memory: 64, passes: 1, parallelism: 1 };

/** The features as tests need them: they hash cheaply. */
export function testModules(options: UsersOptions & ChatOptions = {}): GivenModules {
  const { hashCost = CHEAP, scatter, ...chat } = options;
  return { users: usersFeature({ hashCost, ...(scatter && { scatter }) }), chat: chatFeature(chat) };
}

/** The services of all features on a node without a gateway. */
export async function testServices(
  context: Pick<FeatureContext, "database" | "post" | "site"> & Partial<FeatureContext["config"]>,
  options: UsersOptions & ChatOptions & { readonly clock?: () => number } = {},
) {
  const { database, post, site, registration = "open", quota = Number.POSITIVE_INFINITY } = context;
  const { retention = { maxAge: undefined, perRoom: undefined } } = context;
  const { clock = Date.now, ...rest } = options;
  const loaded = await loadFeatures(testModules({ ...rest, hasGateway: false }));
  const config = { registration, quota, retention };
  return startFeatures(loaded, { database, post, site, clock, config }).services;
}
