import { command, endSignal, runCommand } from "./command-line/index.ts";
import type { Stage } from "./rehearsal/stage.ts";
import type { StepResults } from "./rehearsal/step.ts";

await runCommand(
  command({
    name: "rehearse",
    summary: "Runs the whole life of a stack with the real Pulumi CLI against a Cloudflare on localhost.",
    details:
      "Nothing is deployed, and neither your Pulumi login nor your stacks are touched. It takes three to five " +
      "minutes. It uses Cloudflare's own Pulumi provider where that is installed, as after a first `npm run up`, and " +
      "else the kit's.",
    environment: {
      PULUMI_HOME: "where Pulumi keeps its plugins (~/.pulumi)",
      PULUMI_BIN: "the Pulumi CLI (the one on PATH, or one that is fetched)",
      CLOUDFLARED_BIN: "cloudflared (the one on PATH, or our own connector)",
    },
    failure: "a step did not end as it should",
    async run() {
      const { assertLanguageHost, getPulumi } = await import("./pulumi-cli/find-cli.ts");
      const pulumi = await getPulumi(process.env);
      assertLanguageHost(pulumi, process.env);
      return rehearse(pulumi);
    },
  }),
);

async function rehearse(pulumi: string): Promise<0 | 1> {
  const { openStage } = await import("./rehearsal/stage.ts");
  const { steps } = await import("./rehearsal/steps.ts");
  const start = performance.now();
  const scene: StepResults = {};
  let stage: Stage | undefined;
  let name = "start";
  let began = start;
  const ending = endSignal();
  ending.addEventListener("abort", () => {
    console.error(`\n${ending.reason}: stopping everything`);
    Promise.resolve(stage?.close()).finally(() => process.exit(1));
  });
  try {
    stage = await openStage(pulumi);
    console.log(
      `ok  ${seconds(began)}  ${name}: API, edge, tunnel, backend, a stack of their own, and ${stage.provider}`,
    );
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
    `\n${steps.length} steps in ${seconds(start).trim()}: this stack can be created, changed, repaired, rotated and ` +
      "taken down.",
  );
  return 0;
}

function seconds(since: number): string {
  return `${((performance.now() - since) / 1000).toFixed(1)} s`.padStart(7);
}
