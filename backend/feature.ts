import type { ServiceSchema } from "moleculer";
import type { Config } from "./config.ts";
import type { SocketFeature } from "./gateway/index.ts";
import type { HousekeepingTask } from "./housekeeping.service.ts";
import type { Post } from "./mail/index.ts";
import type { AfterRestore, Database, Migrations } from "./store/index.ts";

/** What a feature can use when a backend starts. */
export interface FeatureContext {
  /** `database.open(usersStore)` opens the store of this feature, or of one above it in the list. */
  readonly database: Database;
  /** Milliseconds since 1970, the same on all nodes. */
  readonly clock: () => number;
  readonly config: Pick<Config, "registration" | "retention" | "quota">;
  readonly post: Post;
  /** The address of the page, without a slash at the end: links in mails lead there. */
  readonly site: () => string;
}

/** What a feature adds to a running backend. */
export interface FeatureParts {
  readonly services: readonly ServiceSchema[];
  /** Hooks that the gateway calls for the sockets of this node. */
  readonly sockets?: SocketFeature;
  readonly housekeeping?: readonly HousekeepingTask[];
  /**
   * Called when the port is open. Returns the path of the page under which the first administrator registers;
   * undefined when there is one.
   */
  readonly setupPath?: () => Promise<string | undefined>;
}

/** What the `index.ts` of a feature's folder exports as `feature`. */
export interface FeatureModule {
  /** `{}` where the feature has no tables. */
  readonly migrations: Migrations;
  readonly afterRestore?: AfterRestore;
  /** Called once, when the tables are up to date. */
  start(context: FeatureContext): FeatureParts;
}
