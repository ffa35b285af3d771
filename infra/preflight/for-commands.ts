/** What commands use of preflight that deploy nothing. It loads no rule, whose file may be broken. */
export { AS_FOUND, type AsFound, parseAsFound } from "./as-found.ts";
export { permissionOfPhase } from "./entry-points.ts";
export { findLeftBehind, type LeftBehind } from "./left-behind.ts";
export { LISTS_PERMISSION } from "./lists.ts";
export { type Obstacle, PreflightError } from "./obstacle.ts";
export { openApi } from "./open-api.ts";
export { type KnownIds, knownIdsOf } from "./place.ts";
export { printable } from "./printable.ts";
