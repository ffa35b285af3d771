import { printable } from "../infra/preflight/for-commands.ts";
import { openAccount } from "./cloudflare-account/account.ts";
import { tunnelOf } from "./cloudflare-account/tunnel.ts";
import { command, runCommand } from "./command-line/index.ts";
import { describeLock } from "./pulumi-cli/lock.ts";
import { OPERATOR_ENVIRONMENT, type OperatorStack, openOperator, stackOption } from "./pulumi-cli/operator.ts";
import { driftTable } from "./stack-drift/drift-table.ts";
import { policyFailure } from "./stack-drift/policy-failure.ts";
import { readDrift } from "./stack-drift/read-drift.ts";

/** Exit code where it is not known whether anything differs. */
const CANNOT_TELL = 2;

await runCommand(
  command({
    name: "drift",
    summary: "Shows what was changed by hand since the last `npm run up`, and what is not deployed. Reads only.",
    options: { stack: stackOption },
    environment: OPERATOR_ENVIRONMENT,
    examples: ["--stack prod"],
    failure: "something differs",
    failureCode: CANNOT_TELL,
    usage: "it could not be found out, or wrong use",
    run: async ({ options }) => showDrift(await openOperator(options.stack)),
  }),
);

async function showDrift({ cli, stack, env }: OperatorStack): Promise<0 | 1 | 2> {
  const { resources, pending } = await cli.state();
  const locked = await describeLock(cli, stack);
  if (locked !== undefined) {
    console.error(
      `drift: the stack is locked by ${locked}: what it has is changing, or is half done. Wait until that run has ` +
        "ended; if it was killed, " +
        `run \`pulumi cancel --stack ${stack}\`, then \`npm run up -- --stack ${stack}\`.`,
    );
    return CANNOT_TELL;
  }
  if (!resources.some(({ type }) => type.startsWith("cloudflare:"))) {
    console.log(`Nothing of ${stack} is deployed: \`npm run up -- --stack ${stack}\` deploys it.`);
    return 1;
  }
  // a wrong API token fails at once, and a tunnel that was deleted elsewhere would end a run of the program
  const deleted = await tunnelOf(resources, await openAccount(cli, env))?.deletedAt();
  const broken = await policyFailure();
  if (broken !== undefined) {
    console.error(
      `drift: the policy cannot be loaded: ${printable(broken)}\nWhat is deployed is compared with the state alone; ` +
        "`npm run rules -- check` says where it is.",
    );
  }
  const report = await readDrift(cli, deleted === undefined && broken === undefined);
  const findings = [
    ...(pending.length === 0
      ? []
      : [`Half deployed, because a run was stopped in the middle: ${printable(pending.join(", "))}.`]),
    ...(report.notDeployed.length === 0 ? [] : [`Not deployed: ${report.notDeployed.join(", ")}.`]),
    ...(report.drifts.length === 0 ? [] : [driftTable(report.drifts)]),
  ];
  const changed =
    report.pending.length === 0
      ? []
      : [`Changed here since the last \`up\`, and not deployed yet: ${report.pending.join(", ")}.`];
  if (findings.length === 0) {
    console.log([`No drift: what ${stack} deployed is as it was.`, ...changed].join("\n"));
    return 0;
  }
  console.log([...findings, ...changed].join("\n\n"));
  console.log(
    `\n\`npm run up -- --stack ${stack}\` repairs it. What should stay belongs into the policy or the configuration.`,
  );
  return 1;
}
