/** What was changed by hand, as it is shown before a command changes something. */
import { printable } from "../../infra/preflight/for-commands.ts";
import { type Cli, PulumiFailed } from "../pulumi-cli/cli.ts";
import { nameOf, type StateResource } from "../pulumi-cli/stack-state.ts";
import type { Drift } from "./drift.ts";
import { driftTable } from "./drift-table.ts";
import { readDrift } from "./read-drift.ts";

/**
 * Reads what was changed by hand and prints it: what an `up` puts back, and what it removes that others made.
 * `programRuns` is false while the tunnel in the state is a deleted one. @throws PulumiFailed where it cannot be read
 */
export async function showDrift(cli: Cli, programRuns: boolean): Promise<void> {
  const { drifts } = await readDrift(cli, programRuns);
  if (drifts.length === 0) return;
  console.log(`Changed by hand since the last \`up\`, which puts it back:\n\n${driftTable(drifts)}\n`);
  const names = foreignLines(drifts);
  if (names.length === 0) return;
  console.log(`Made by others, and removed by \`up\` (to keep it, add it to the policy first):\n${names.join("\n")}\n`);
}

/**
 * Rules that others added to rulesets of the stack: a `down` deletes them with the ruleset, or when an adopted ruleset
 * is put back as it was found. Where a refresh fails, returns none and prints a warning: the site can be taken down
 * nevertheless.
 */
export async function lookForForeign(cli: Cli, changed: readonly StateResource[]): Promise<readonly string[]> {
  const names = new Set(changed.map(({ urn }) => nameOf(urn)));
  if (names.size === 0) return [];
  try {
    const { drifts } = await readDrift(cli, false);
    return foreignLines(drifts.filter(({ resource }) => names.has(resource)));
  } catch (error) {
    if (!(error instanceof PulumiFailed)) throw error;
    console.log(`Whether others added rules to rulesets of this stack could not be read:\n${error.message}`);
    return [];
  }
}

const foreignLines = (drifts: readonly Drift[]): readonly string[] =>
  drifts
    .filter(({ isForeign }) => isForeign)
    .map(({ resource, path, now }) => printable(`  ${path} in ${resource}  ${String(now)}`));
