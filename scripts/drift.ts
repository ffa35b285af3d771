// `npm run drift -- --stack NAME`: what was changed by hand since the last `npm run up`. Exit code 1 where anything was, 2 where
// it could not be found out. Reads only.
import { driftOf, driftTable } from "./pulumi/drift-table.ts";
import { runVerb } from "./pulumi/verb.ts";

/** Pulumi's exit code for changes that `--expect-no-changes` did not expect. */
const CHANGES = 7;

await runVerb("drift", async ({ cli, stack, rest }) => {
  const { code, output, errors } = await cli.read(
    "refresh",
    "--preview-only",
    "--expect-no-changes",
    "--json",
    ...rest,
  );
  if (code === 0) {
    console.log(`No drift: what ${stack} deployed is as it was.`);
    return 0;
  }
  if (code !== CHANGES) {
    console.error(errors.trim() || output.trim());
    return 2;
  }
  console.log(driftTable(driftOf(output)));
  console.log(
    `\n\`npm run up -- --stack ${stack}\` puts it back; what should stay belongs into the policy or the configuration.`,
  );
  return 1;
});
