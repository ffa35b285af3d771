/** Functions with which steps check the zone, the calls of the API and the output of the CLI. */
import type { Zone } from "../../infra/local/api/index.ts";
import type { PulumiRun } from "../pulumi-cli/workspace.ts";
import { HOSTNAME } from "./site.ts";
import type { Stage } from "./stage.ts";

/** @throws Error with the text `otherwise` where the condition does not hold */
export function expectThat(holds: boolean, otherwise: string): void {
  if (!holds) throw new Error(otherwise);
}

/** The value. @throws Error where there is none */
export function required<Value>(value: Value | undefined): Value {
  if (value === undefined) throw new Error("something that the stack should have made is not there");
  return value;
}

/** The number before a word of the CLI's summary, as in `3 to create`; 0 where the summary does not have the word. */
export function countBefore({ text }: PulumiRun, word: string): number {
  return Number(new RegExp(`(\\d+) ${word}`).exec(text)?.[1] ?? 0);
}

/** The rehearsed zone as it is deployed now. */
export function zoneOf(stage: Stage): Zone | undefined {
  return stage.api.cloud.zoneOf(HOSTNAME);
}

/** What is deployed in the zone, without what changes with every write. A flag that is off counts as absent. */
export function snapshot(stage: Stage): string {
  return `${recordsAndRulesets(stage)} ${JSON.stringify(zoneOf(stage)?.settings ?? {})}`;
}

/** The same without the zone's settings, which `down` leaves as they are. */
export function recordsAndRulesets(stage: Stage): string {
  const { records = [], rulesets = [] } = zoneOf(stage) ?? {};
  const volatile = ["id", "version", "last_updated", "created_on", "modified_on", "comment_modified_on"];
  return JSON.stringify(
    {
      records: [...records].sort((one, other) => one.name.localeCompare(other.name)),
      rulesets: [...rulesets].sort((one, other) => one.phase.localeCompare(other.phase)),
    },
    // no comment is null at first, and an empty text after it was put back
    (key, value) => (volatile.includes(key) || value === false || (key === "comment" && !value) ? undefined : value),
  );
}

/** The tunnels of the account that are not deleted. */
export async function tunnelsOf(stage: Stage): Promise<readonly { readonly id: string; readonly name: string }[]> {
  const path = `/accounts/${stage.api.accountId}/cfd_tunnel?is_deleted=false`;
  return (await stage.byHand("GET", path)) as { id: string; name: string }[];
}

/** Where two texts begin to differ. */
export function difference(before: string, after: string): string {
  let at = 0;
  while (at < before.length && before[at] === after[at]) at += 1;
  const part = (text: string) => text.slice(Math.max(0, at - 60), at + 60);
  return `...${part(before)}... became ...${part(after)}...`;
}

/** Runs the CLI, and returns the run with its calls of the API. */
export async function runWithCalls(
  stage: Stage,
  use: () => Promise<PulumiRun>,
): Promise<{ run: PulumiRun; reads: number; writes: string[] }> {
  const before = stage.api.journal.length;
  const run = await use();
  const calls = stage.api.journal.slice(before);
  const writes = calls
    .filter(({ method, dryRun }) => method !== "GET" && !dryRun)
    .map(({ method, path }) => `${method} ${path}`);
  return { run, reads: calls.length - writes.length, writes };
}

/** An `up` that must not succeed. */
export async function failingUp(stage: Stage): Promise<PulumiRun> {
  const run = await stage.pulumi("up", "--yes", "--skip-preview");
  expectThat(run.code !== 0, "the run succeeded although the API failed");
  return run;
}
