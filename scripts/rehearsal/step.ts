import type { Stage } from "./stage.ts";
import type { RehearsalUser } from "./visitors.ts";

/** One step of a rehearsal. `run` returns a few words about what happened, or throws where something is wrong. */
export interface Step {
  readonly name: string;
  run(stage: Stage, scene: StepResults): Promise<string>;
}

/** Results of steps that later steps need. */
export interface StepResults {
  users?: readonly [RehearsalUser, RehearsalUser];
  /** Records and rulesets of the zone before anything was adopted. */
  found?: string;
}
