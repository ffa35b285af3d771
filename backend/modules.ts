import type { FeatureContext, FeatureModule, FeatureParts } from "./feature.ts";
import { features } from "./features.ts";
import { housekeepingService, throttleHousekeeping } from "./housekeeping.service.ts";
import { isMigrationName } from "./store/index.ts";
import type { Feature } from "./surface/feature-surface.ts";

type FeatureName = (typeof features)[number]["name"];

/** Modules that replace those in the list of features, for tests. */
export type ReplacedModules = { readonly [Name in FeatureName]?: FeatureModule };

/** A feature of the list, with what its folder exports. */
export interface LoadedFeature extends FeatureModule {
  readonly name: string;
}

/** A feature of the list cannot be loaded; the message has its file, the reason and what to do. */
class FeatureError extends Error {
  override readonly name = "FeatureError";
  constructor(feature: string, problem: string, options?: ErrorOptions) {
    super(
      `The feature ${feature} cannot be loaded, so nothing was started: backend/${feature}/index.ts ${problem}. ` +
        `Repair that, or remove the feature from the list in backend/features.ts.`,
      options,
    );
  }
}

/**
 * Loads the features of the list, in its order. Throws a FeatureError for the first one that cannot be loaded.
 *
 * @param list replaces the list of `features.ts` in tests
 */
export function loadFeatures(
  replaced: ReplacedModules = {},
  list: readonly Feature[] = features,
): Promise<readonly LoadedFeature[]> {
  const modules: Readonly<Record<string, FeatureModule | undefined>> = replaced;
  return Promise.all(
    list.map(async (feature) => ({ name: feature.name, ...(modules[feature.name] ?? (await loadModule(feature))) })),
  );
}

async function loadModule({ name, load }: Feature): Promise<FeatureModule> {
  const module = await load().catch((error: unknown) => {
    throw new FeatureError(name, `throws ${described(error)}`, { cause: error });
  });
  const { feature } = module as { readonly feature?: Partial<FeatureModule> };
  const missing = [
    ...(typeof feature?.migrations === "object" && feature.migrations !== null
      ? []
      : ["`migrations` (an object; `{}` where it has no tables)"]),
    ...(typeof feature?.start === "function" ? [] : ["`start` (a function)"]),
  ];
  if (missing.length === 0) {
    const misnamed = Object.keys(feature?.migrations ?? {}).find((migration) => !isMigrationName(migration));
    if (misnamed === undefined) return feature as FeatureModule;
    const example = `0001_${name.replaceAll("-", "_")}`;
    throw new FeatureError(
      name,
      `exports the migration "${misnamed}": a name has four digits, _ and words, as ${example}`,
    );
  }
  const found = feature === undefined ? "exports no `feature`: it needs" : "exports a `feature` without";
  throw new FeatureError(name, `${found} ${missing.join(" and ")}`);
}

/** An error by its name and message, with the line of this backend where it was thrown. */
function described(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const place = /\bbackend\/[\w./-]+:\d+/.exec(error.stack ?? "")?.[0];
  return `${error.name}: ${error.message}${place === undefined ? "" : ` (${place})`}`;
}

/** Starts all features. Returns their services, and the service that runs their housekeeping. */
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
