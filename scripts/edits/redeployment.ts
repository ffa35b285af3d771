import { ApplyError } from "../../infra/local/engine/index.ts";
import type { Ruleset } from "../../infra/rules/index.ts";
import { messageOf } from "../command-line/index.ts";
import { stepsText } from "../local-site/banner.ts";
import type { LocalSite } from "../local-site/local-site.ts";
import { ruleChanges, ruleChangesLine } from "./rule-changes.ts";

type DeployedSite = Pick<LocalSite, "api" | "applied" | "hostname" | "redeploy">;

/** Deploys the policy of a site again and again, and says what that did. */
export class Redeployment {
  readonly #site: DeployedSite;
  #warnings: ReadonlySet<string>;

  constructor(site: DeployedSite) {
    this.#site = site;
    this.#warnings = new Set(site.applied.warnings);
  }

  /** Proves and deploys the policy that is on the disk. Returns lines about it. Never rejects. */
  async run(): Promise<readonly string[]> {
    const beganAt = performance.now();
    const before = this.#rulesets();
    try {
      const { steps, warnings } = await this.#site.redeploy();
      const seconds = ((performance.now() - beganAt) / 1000).toFixed(1);
      const added = warnings.filter((warning) => !this.#warnings.has(warning));
      this.#warnings = new Set(warnings);
      const changes = ruleChangesLine(ruleChanges(before, this.#rulesets()));
      return [
        `proved and deployed in ${seconds} s: ${changes} (${stepsText(steps)})`,
        ...added.flatMap((warning) => `warning: ${warning}`.split("\n")),
      ];
    } catch (error) {
      const isPartial = error instanceof ApplyError && error.steps.some(({ op }) => op !== "same");
      const state = isPartial ? "deployed in part" : "not deployed, the rules before stay";
      return [`${state}; correct this and save it:`, ...messageOf(error).split("\n")];
    }
  }

  #rulesets(): readonly Ruleset[] {
    return this.#site.api.cloud.zoneOf(this.#site.hostname)?.rulesets ?? [];
  }
}
