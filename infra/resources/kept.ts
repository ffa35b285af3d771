/** What the state alone keeps: how adopted things were found, and what stops a plain `pulumi destroy`. */
import { type Resource, Stash } from "@pulumi/pulumi";

/**
 * One value for each adopted resource, by the name of its stash. The value of the adoption is kept, whatever value
 * later runs have.
 */
export function keepAsFound(values: Readonly<Record<string, string>>): readonly Stash[] {
  return Object.entries(values).map(([name, input]) => new Stash(name, { input }, { ignoreChanges: ["input"] }));
}

/**
 * Depends on everything, so that a destroy begins with it, and is protected, so that a destroy fails at it: `pulumi
 * destroy --skip-preview` would otherwise delete records and rules before it reaches the protected tunnel. `npm run
 * down` removes the protection.
 */
export function protectFromDestroy(everything: readonly Resource[]): void {
  new Stash(
    "guard",
    { input: "Protected, so that `pulumi destroy` stops before it deletes anything. Use `npm run down`." },
    { dependsOn: [...everything], protect: true },
  );
}
