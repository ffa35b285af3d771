import { describeLock } from "../pulumi-cli/lock.ts";
import type { OperatorStack } from "../pulumi-cli/operator.ts";
import { policyFailure } from "../stack-drift/policy-failure.ts";
import { readDrift } from "../stack-drift/read-drift.ts";
import { counted, type StatusCheck } from "./check.ts";

/**
 * What differs from what was deployed, in short. `hasTunnel`: false while the tunnel in the state is a deleted one.
 * @throws PulumiFailed
 */
export async function driftCheck(
  { cli, stack }: OperatorStack,
  pending: readonly string[],
  hasTunnel: boolean,
): Promise<StatusCheck> {
  const check = { name: "drift", subject: stack } as const;
  const locked = await describeLock(cli, stack);
  if (locked !== undefined) return { ...check, state: "not known", message: `the stack is locked by ${locked}` };
  const broken = await policyFailure();
  const report = await readDrift(cli, hasTunnel && broken === undefined);
  const more = `\`npm run drift -- --stack ${stack}\` shows it`;
  const found = [
    ...(pending.length === 0 ? [] : ["half deployed"]),
    ...(report.drifts.length === 0 ? [] : [`${counted(report.drifts.length, "change")} by hand`]),
    ...(report.notDeployed.length === 0 ? [] : [`${counted(report.notDeployed.length, "resource")} not deployed`]),
  ];
  if (found.length > 0) return { ...check, state: "wrong", message: `${found.join(", ")}; ${more}` };
  if (broken !== undefined) return { ...check, state: "not known", message: `the policy cannot be loaded: ${broken}` };
  const changed = report.pending.length === 0 ? "" : "; the next `up` has changes that were made here";
  return { ...check, state: "well", message: `none${changed}` };
}
