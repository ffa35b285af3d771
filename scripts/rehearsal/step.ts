import type { Stage } from "./stage.ts";
import type { RehearsalUser } from "./visitors.ts";

/** One step of a rehearsal. It returns in a few words what happened, or throws. */
export interface Step {
  readonly name: string;
  run(stage: Stage, scene: Scene): Promise<string>;
}

/** What one step leaves for later ones. */
export interface Scene {
  people?: readonly [RehearsalUser, RehearsalUser];
  /** Records and rulesets of the zone before anything was adopted. */
  found?: string;
}
