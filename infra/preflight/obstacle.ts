/** One thing in the account that the run would stumble over. */
export interface Obstacle {
  readonly code: string;
  /** What is there, in a sentence. */
  readonly found: string;
  /** What to do about it. */
  readonly fix: string;
}

/** The account is not ready: nothing was created. The message lists every obstacle. Code `PREFLIGHT`. */
export class PreflightError extends Error {
  readonly code = "PREFLIGHT";
  /** Pulumi prints such an error without its stack: the program is not at fault. */
  readonly __pulumiRunError = true;
  readonly obstacles: readonly Obstacle[];

  constructor(obstacles: readonly Obstacle[]) {
    const lines = obstacles.map(({ code, found, fix }) => `  ${code}: ${found}\n    ${fix}`);
    super(
      `Nothing was created: ${obstacles.length === 1 ? "one thing stands" : "these stand"} in the way.\n${lines.join("\n")}`,
    );
    this.name = "PreflightError";
    this.obstacles = obstacles;
  }
}
