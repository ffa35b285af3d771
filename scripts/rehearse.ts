// `npm run rehearse`: the whole life of a stack with the real Pulumi CLI against a Cloudflare on localhost, before anything is
// deployed. Ends with 0 when every step came out as it should, with 1 when one did not.
import { getPulumi, NoPulumiError } from "./pulumi/find-cli.ts";
import { openStage, type Stage } from "./rehearse/stage.ts";
import { type Scene, steps } from "./rehearse/steps.ts";

const seconds = (since: number) => `${((performance.now() - since) / 1000).toFixed(1)} s`.padStart(7);

async function rehearse(pulumi: string): Promise<number> {
  const start = performance.now();
  const scene: Scene = {};
  let stage: Stage | undefined;
  let name = "the stage";
  let began = start;
  const end = (signal: NodeJS.Signals) => {
    console.error(`\n${signal}: putting everything away`);
    Promise.resolve(stage?.close()).finally(() => process.exit(1));
  };
  process.once("SIGINT", end).once("SIGTERM", end);
  try {
    stage = await openStage(pulumi);
    console.log(`ok  ${seconds(began)}  ${name}: API, edge, tunnel, backend and a stack of their own`);
    for (const step of steps) {
      [name, began] = [step.name, performance.now()];
      const result = await step.run(stage, scene);
      console.log(`ok  ${seconds(began)}  ${name}: ${result}`);
    }
  } catch (error) {
    console.error(`FAILED ${seconds(began)}  ${name}\n${error instanceof Error ? error.message : String(error)}`);
    return 1;
  } finally {
    await stage?.close();
  }
  console.log(
    `\n${steps.length} steps in ${seconds(start).trim()}: this stack can be created, changed, repaired, rotated and destroyed.`,
  );
  return 0;
}

try {
  process.exitCode = await rehearse(await getPulumi(process.env));
} catch (error) {
  if (!(error instanceof NoPulumiError)) throw error;
  console.error(`rehearse: ${error.message}`);
  process.exitCode = 1;
}
