import { Ruleset } from "@pulumi/cloudflare/ruleset.js";
import { ComponentResource, type Resource } from "@pulumi/pulumi";
import type { CompiledStack } from "./compile.ts";
import { options } from "./options.ts";

/** One ruleset a phase: the zone's entry point of that phase. */
export class Rulesets extends ComponentResource {
  /** `asked`: the lists that rules may use, which are made first and deleted last. */
  constructor(name: string, rulesets: CompiledStack["rulesets"], asked: readonly Resource[]) {
    super("causeway:index:Rulesets", name, {}, {});
    for (const ruleset of rulesets) {
      // a phase has one entry point: a second would be refused (20217) while the first still exists
      new Ruleset(ruleset.name, ruleset.args, {
        ...options(this, ruleset),
        dependsOn: [...asked],
        deleteBeforeReplace: true,
      });
    }
    this.registerOutputs({});
  }
}
