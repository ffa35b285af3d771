import type { FeatureContext, FeatureModule, FeatureParts } from "./feature.ts";
import { features } from "./features.ts";
import { housekeepingService, throttleHousekeeping } from "./housekeeping.service.ts";

type FeatureName = (typeof features)[number]["name"];

/** Modules in the place of those that the list of features names, for tests. */
export type GivenModules = { readonly [Name in FeatureName]?: FeatureModule };

/** A feature of the list, with what its folder exports. */
export interface LoadedFeature extends FeatureModule {
  readonly name: string;
}

/** Loads the features of the list, in its order. */
export function loadFeatures(given: GivenModules = {}): Promise<readonly LoadedFeature[]> {
  return Promise.all(features.map(async ({ name, load }) => ({ name, ...(given[name] ?? (await load()).feature) })));
}

/** The parts of all features as one: their services, and the one that runs their housekeeping. */
export function startFeatures(features: readonly FeatureModule[], context: FeatureContext) {
  const parts: readonly FeatureParts[] = features.map((feature) => feature.start(context));
  const { database, clock } = context;
  const tasks = [
    ...parts.flatMap(({ housekeeping = [] }) => housekeeping),
    ...throttleHousekeeping(database.throttles, clock),
  ];
  return {
    services: [...parts.flatMap(({ services }) => services), housekeepingService(tasks)],
    sockets: parts.flatMap(({ sockets }) => (sockets ? [sockets] : [])),
    async setupPath(): Promise<string | undefined> {
      for (const { setupPath } of parts) {
        const path = await setupPath?.();
        if (path !== undefined) return path;
      }
      return undefined;
    },
  };
}
