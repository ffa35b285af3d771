/** Resources that exist only in the stack's state: what adopted things were like, and a stop for `pulumi destroy`. */
import { type Resource, Stash } from "@pulumi/pulumi";

/**
 * Stores in the state what each adopted thing was like, so that `down` can put it back. The keys are the names of the
 * stashes. The value of the run that adopts is kept: later runs do not change it.
 */
export function stashAsFound(values: Readonly<Record<string, string>>): readonly Stash[] {
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
