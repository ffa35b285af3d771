import { type Cli, PulumiFailed } from "./cli.ts";
import { RUN_PROGRAM } from "./run-program.ts";

/**
 * Removes Pulumi's notes of operations that a killed run began, once an `up` has ended well: what they made was
 * imported by its mark, or does not exist. The CLI cannot distinguish that, keeps "creating" for ever, and warns of it
 * at every run.
 */
export async function removePendingNotes(cli: Cli): Promise<void> {
  if (!(await cli.state()).hasPendingNotes) return;
  const args = ["refresh", "--clear-pending-creates", "--yes", "--skip-preview", RUN_PROGRAM];
  const { code, errors, output } = await cli.read(args);
  if (code !== 0) throw new PulumiFailed(errors.trim() || output.trim());
}
