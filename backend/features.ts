import { authSurface } from "./auth/surface.ts";
import { chatSurface } from "./chat/surface.ts";
import type { Feature } from "./surface/feature-surface.ts";
import { usersSurface } from "./users/surface.ts";

/**
 * The features of this backend. A feature is a folder, and what is public of it is in its `surface.ts`. A folder that
 * is not listed here does not exist for the backend. A feature may use those above it.
 */
export const features = [
  { name: "users", surface: usersSurface },
  { name: "auth", surface: authSurface },
  { name: "chat", surface: chatSurface },
] as const satisfies readonly Feature[];
