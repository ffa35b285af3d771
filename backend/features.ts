import { authSurface } from "./auth/surface.ts";
import { chatSurface } from "./chat/surface.ts";
import type { Feature } from "./surface/feature-surface.ts";
import { usersSurface } from "./users/surface.ts";

/**
 * The features of this backend. A feature is a folder: what is public of it is in its `surface.ts`, and its `index.ts`
 * exports the rest as `feature`, which is loaded when a backend starts. A folder that is not listed here does not exist
 * for the backend. A feature may use those above it.
 */
export const features = [
  { name: "users", surface: usersSurface, load: () => import("./users/index.ts") },
  { name: "auth", surface: authSurface, load: () => import("./auth/index.ts") },
  { name: "chat", surface: chatSurface, load: () => import("./chat/index.ts") },
] as const satisfies readonly Feature[];
