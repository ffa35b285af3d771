// `npm run drift -- --stack NAME`: what was changed by hand since the last `npm run up`. Exit code 1 where anything was, 2 where
// it could not be found out. Reads only.
import { driftOf, driftTable } from "./pulumi/drift-table.ts";
import { openTunnel } from "./pulumi/tunnel.ts";
import { runVerb } from "./pulumi/verb.ts";

/** Pulumi's exit code for changes that `--expect-no-changes` did not expect. */
const CHANGES = 7;

/** Where it could not be found out. */
const FAILED = 2;

await runVerb(
  "drift",
  async ({ cli, stack, rest, env }) => {
    const deleted = await (await openTunnel(cli, await cli.state(), env))?.deletedAt();
    const args = ["refresh", "--preview-only", "--expect-no-changes", "--json", ...rest];
    const { code, output, errors } = await cli.read(...args);
    if (code !== 0 && code !== CHANGES) {
      console.error(errors.trim() || output.trim());
      return FAILED;
    }
    // a deleted tunnel still answers, so that a refresh takes it for there
    const tunnel = deleted === undefined ? [] : [{ resource: "tunnel", path: "", deployed: "there", now: "deleted" }];
    const drift = [...tunnel, ...(code === 0 ? [] : driftOf(output))];
    if (code === 0 && drift.length === 0) {
      console.log(`No drift: what ${stack} deployed is as it was.`);
      return 0;
    }
    console.log(driftTable(drift));
    console.log(
      `\n\`npm run up -- --stack ${stack}\` puts it back; what should stay belongs into the policy or the configuration.`,
    );
    return 1;
  },
  FAILED,
);
