import { authSurface } from "./auth/surface.ts";
import { chatSurface } from "./chat/surface.ts";
import type { Feature } from "./surface/feature-surface.ts";
import { usersSurface } from "./users/surface.ts";

/**
 * The features of this backend. A feature is a folder: its `surface.ts` declares what is public, and its `index.ts`
 * exports the rest as `feature`, which is loaded when a backend starts. The backend ignores a folder that is not in
 * this list. A feature may use the features above it.
 */
export const features = [
  { name: "users", surface: usersSurface, load: () => import("./users/index.ts") },
  { name: "auth", surface: authSurface, load: () => import("./auth/index.ts") },
  { name: "chat", surface: chatSurface, load: () => import("./chat/index.ts") },
] as const satisfies readonly Feature[];
