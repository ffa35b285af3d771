import type { Adoption, Site } from "../policy/without-rules.ts";
import { printable, printableJson } from "./printable.ts";

/** One thing in the account that the run would stumble over. */
export interface Obstacle {
  readonly code: string;
  /** What is there, in a sentence. */
  readonly found: string;
  /** What to do about it. */
  readonly fix: string;
  /** The configuration that takes it over, where that is possible. */
  readonly adopt?: Partial<Adoption>;
  /** The list that the configuration would name in `sharedLists` to leave it to others, where that is possible. */
  readonly share?: string;
  /** The policy is not proved: one run can be allowed to go on. */
  readonly unproved?: true;
}

/** The account is not ready: nothing was created. The message lists every obstacle. Code `PREFLIGHT`. */
export class PreflightError extends Error {
  readonly code = "PREFLIGHT";
  /** Pulumi prints such an error without its stack: the program is not at fault. */
  readonly __pulumiRunError = true;
  readonly obstacles: readonly Obstacle[];

  /** `site`: what the configuration adopts and shares already, so that the lines to paste keep it. */
  constructor(obstacles: readonly Obstacle[], { adopt, sharedLists = [] }: Pick<Site, "adopt" | "sharedLists"> = {}) {
    const count = obstacles.length === 1 ? "one thing prevents it" : `${obstacles.length} things prevent it`;
    super(
      [
        `Nothing was created: ${count}.`,
        ...obstacleLines(obstacles),
        ...unprovedHint(obstacles),
        ...adoptionHint(obstacles, adopt),
        ...sharingHint(obstacles, sharedLists),
      ].join("\n"),
    );
    this.name = "PreflightError";
    this.obstacles = obstacles;
  }
}

/** Each obstacle with what to do about it. */
export const obstacleLines = (obstacles: readonly Obstacle[]): string[] =>
  obstacles.map(({ code, found, fix }) => `  ${code}: ${printable(found)}\n    ${printable(fix)}`);

function unprovedHint(obstacles: readonly Obstacle[]): string[] {
  if (!obstacles.some(({ unproved }) => unproved)) return [];
  return [
    "What the policy claims of itself does not hold. `npm run rules -- test` tries it without an account. To " +
      "deploy it all the",
    "same, run the command once with CAUSEWAY_UNPROVED=yes in its environment.",
  ];
}

/** One line to paste, which YAML takes as it is. */
function adoptionHint(obstacles: readonly Obstacle[], adopted: Adoption | undefined): string[] {
  const parts = obstacles.flatMap(({ adopt }) => (adopt === undefined ? [] : [adopt]));
  if (parts.length === 0) return [];
  const all = adopted === undefined ? parts : [adopted, ...parts];
  const merged = {
    ...Object.assign({}, ...all),
    records: Object.assign({}, ...all.map(({ records }) => records)),
    rulesets: Object.assign({}, ...all.map(({ rulesets }) => rulesets)),
    ...(all.some(({ lists }) => lists) && { lists: Object.assign({}, ...all.map(({ lists }) => lists)) }),
  };
  return [
    "To take over what is there (it keeps its own rules, and stays when the stack is deleted), put this line under " +
      "`config:` in the",
    `stack's Pulumi.STACK.yaml${adopted === undefined ? "" : ", in place of the one that is there"}:`,
    `  causeway:adopt: ${printableJson(merged)}`,
  ];
}

function sharingHint(obstacles: readonly Obstacle[], shared: readonly string[]): string[] {
  const names = obstacles.flatMap(({ share }) => (share === undefined ? [] : [share]));
  if (names.length === 0) return [];
  return [
    "To leave lists to their owners, and only use them in rules, put this line there:",
    `  causeway:sharedLists: ${printableJson([...shared, ...names])}`,
  ];
}
