import { existsSync } from "node:fs";
import type { FeatureContext, FeatureModule } from "../../backend/feature.ts";
import { features } from "../../backend/features.ts";
import { loadFeatures, type ReplacedModules, startFeatures } from "../../backend/modules.ts";
import { type UsersOptions, usersFeature } from "../../backend/users/feature.ts";
import type { HashCost } from "../../backend/users/password.ts";

/** Hashing that is fast, for tests that are about something else. */
export const CHEAP_HASHES: HashCost = { memory: 64, passes: 1, parallelism: 1 };

/** What `test/backend/NAME/test-module.ts` exports as `testModule`: the feature as tests need it. */
export type TestModule = (node: {
  /** False for services on a node without a gateway. */
  readonly hasGateway: boolean;
}) => FeatureModule;

/** By the name of the feature; most features have none, and tests run them as they are. */
const testModuleOf = new Map<string, TestModule>();
for (const { name } of features) {
  const file = new URL(`./${name}/test-module.ts`, import.meta.url);
  if (existsSync(file)) testModuleOf.set(name, ((await import(file.href)) as { testModule: TestModule }).testModule);
}

export interface TestModuleOptions extends UsersOptions {
  /** Modules of a test's own. */
  readonly modules?: ReplacedModules;
}

/** The features as tests need them: they hash cheaply. */
export function testModules(
  { hashCost = CHEAP_HASHES, resetDelayMs, modules }: TestModuleOptions = {},
  hasGateway = true,
): ReplacedModules {
  return {
    ...Object.fromEntries([...testModuleOf].map(([name, make]) => [name, make({ hasGateway })])),
    users: usersFeature({ hashCost, ...(resetDelayMs && { resetDelayMs }) }),
    ...modules,
  };
}

/** The services of all features on a node without a gateway. */
export async function testServices(
  context: Pick<FeatureContext, "database" | "post" | "site"> & Partial<FeatureContext["config"]>,
  options: TestModuleOptions & { readonly clock?: () => number } = {},
) {
  const { database, post, site, registration = "open", quota = Number.POSITIVE_INFINITY } = context;
  const { retention = { maxAge: undefined, perRoom: undefined } } = context;
  const { clock = Date.now, ...rest } = options;
  const loaded = await loadFeatures(testModules(rest, false));
  const config = { registration, quota, retention };
  return startFeatures(loaded, { database, post, site, clock, config }).services;
}
