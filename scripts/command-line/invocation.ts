/** npm runs these without `run`. */
const WITHOUT_RUN = new Set(["start", "test"]);

/**
 * How a command is called, up to its own arguments. A bundle has another version of this file
 * (scripts/bundle-build/in-bundle/invocation.ts).
 */
export function invocation(name: string): string {
  return `npm ${WITHOUT_RUN.has(name) ? "" : "run "}${name} --`;
}
