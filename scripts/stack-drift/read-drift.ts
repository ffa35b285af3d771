import { type Cli, PulumiFailed } from "../pulumi-cli/cli.ts";
import { PROVIDER_ONLY, REFRESH, RUN_PROGRAM } from "../pulumi-cli/run-program.ts";
import { type DriftReport, driftOf } from "./drift.ts";
import { parseEvents, STREAM_EVENTS } from "./engine-events.ts";

/**
 * Reads Cloudflare and compares it with the state, and with the program where it can run: not while the tunnel in the
 * state is a deleted one. Writes nothing.
 * @throws PulumiFailed with the CLI's errors, where the comparison failed
 */
export async function readDrift(cli: Cli, programRuns: boolean): Promise<DriftReport> {
  const args = programRuns
    ? ["preview", "--refresh", RUN_PROGRAM, "--json"]
    : ["refresh", "--preview-only", RUN_PROGRAM, "--json"];
  const variables = { ...STREAM_EVENTS, ...(programRuns ? REFRESH : PROVIDER_ONLY) };
  const { code, output, errors } = await cli.read(args, variables);
  const events = parseEvents(output);
  if (code === 0 && events.hasSucceeded) return driftOf(events);
  throw new PulumiFailed(
    events.errors.join("\n") || errors.trim() || `\`pulumi ${args.join(" ")}\` ended with ${code} and printed nothing.`,
  );
}
