/** What commands use of preflight that deploy nothing. It loads no rule, whose file may be broken. */
export { readAccount, tokenObstacle } from "./account.ts";
export { AS_FOUND, type AsFound, parseAsFound } from "./as-found.ts";
export { findLeftBehind, type LeftBehind } from "./left-behind.ts";
export { LISTS_PERMISSION } from "./lists.ts";
export { type Obstacle, obstacleLines, PreflightError } from "./obstacle.ts";
export { openApi } from "./open-api.ts";
export {
  type NeededPermission,
  neededPermissions,
  PERMISSIONS,
  type Permission,
  type PermissionName,
  permissionOfPhase,
} from "./permissions.ts";
export { type KnownIds, knownIdsOf, stackOfMark } from "./place.ts";
export { printable, printableJson } from "./printable.ts";
export { findRights, postNothing, type TokenRight } from "./rights.ts";
