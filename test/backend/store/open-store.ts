import { features } from "../../../backend/features.ts";
import { loadFeatures } from "../../../backend/modules.ts";
import { type Database, type DatabaseOptions, openDatabase } from "../../../backend/store/index.ts";

export { StoreError } from "../../../backend/store/index.ts";

/** The features of the program. */
export const FEATURES = await loadFeatures();

type ListedFeature = (typeof features)[number];
type ModuleOf<F extends ListedFeature> = Awaited<ReturnType<F["load"]>>;
/** What the `index.ts` of a feature's folder exports as `NAMEStore`: it opens the feature's store. */
type StoreOf<F extends ListedFeature> = F extends ListedFeature
  ? ModuleOf<F> extends { readonly [K in `${F["name"]}Store`]: (database: Database) => infer S }
    ? S
    : never
  : never;
type Together<S> = (S extends unknown ? (one: S) => void : never) extends (all: infer All) => void ? All : never;

/** The database, and what its features store. */
export type Store = Database & Together<StoreOf<ListedFeature>>;

type OpenFeatureStore = (database: Database) => object;

/** How the features that have a store open it, in the order of the features. */
const openers = await Promise.all(
  features.map(async ({ name, load }) => {
    const loaded: Readonly<Record<string, unknown>> = await load();
    return loaded[`${name}Store`] as OpenFeatureStore | undefined;
  }),
);

export async function openStore(options: DatabaseOptions): Promise<Store> {
  const database = await openDatabase(options, FEATURES);
  const stores = openers.map((open) => open && database.open(open));
  return Object.assign({}, database, ...stores) as Store;
}
