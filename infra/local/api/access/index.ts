/** What the imitation of Access needs to know of what the API keeps. */
export { type DestinationPattern, readDestination } from "./destination.ts";
export { parseDuration } from "./duration.ts";
export type {
  AccessSelector,
  StoredAccess,
  StoredAccessApp,
  StoredAccessPolicy,
  StoredServiceToken,
} from "./stored.ts";
