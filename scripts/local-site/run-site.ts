import { resolve } from "node:path";
import { PLANS, type Plan } from "../../infra/rules/index.ts";
import {
  hasColors,
  messageOf,
  oneOf,
  option,
  optionWithDefault,
  runUntilSignal,
  text,
  UsageError,
  wholeNumber,
} from "../command-line/index.ts";
import type { LocalSite, LocalSiteOptions } from "./local-site.ts";

/** The options that `start` and `dev` share. */
export const SITE_OPTIONS = {
  plan: optionWithDefault("--plan <plan>", `plan of the local zone: ${PLANS.join(", ")}`, oneOf(PLANS), "free"),
  visitor: option("--visitor <name>", "take every visitor for this one of infra/policy/visitors.ts", text),
};

/** The environment variables that both describe in their help. */
export const SITE_ENVIRONMENT = {
  PORT: "the port that browsers open (8080, or the next free one)",
  DATA_DIR: "folder of everything that outlives a run (.data)",
  CAUSEWAY_UNPROVED: "yes: deploys, this once, what examples and stories do not prove",
  CAUSEWAY_OPENS: "hostnames, with paths, that this run may open although Access protects them now",
  NO_COLOR: "output without colours",
};

export interface SiteCommand {
  readonly plan: Plan;
  readonly visitor: string | undefined;
  /** Environment of the backend; that of this process where it is left out. */
  readonly env?: NodeJS.ProcessEnv;
  readonly startBackend?: LocalSiteOptions["startBackend"];
  /** Called when the site runs. Returns a function that is called before the site is stopped. */
  follow?(site: LocalSite): Promise<() => Promise<void>>;
}

/** Runs the local site until a signal, and prints what happens. */
export async function runSite({ plan, visitor: name, env = process.env, ...command }: SiteCommand): Promise<void> {
  const beganAt = performance.now();
  const { DATA_DIR = ".data", PORT } = process.env;
  const edgePort = PORT ? wholeNumber(1, 65_535).parse(PORT) : undefined;
  if (PORT && edgePort === undefined) throw new UsageError(`PORT is "${PORT}". It must be a port: 1 to 65535.`);
  await runUntilSignal<RunningSite>({
    async start(signal) {
      const { createRequestLog, problemLines } = await import("../../infra/local/console/index.ts");
      const { backendErrorLines } = await import("./backend-errors.ts");
      const { bannerLines } = await import("./banner.ts");
      const { startLocalSite } = await import("./local-site.ts");
      // this loads the policy; errors in it are reported by the start
      const visitor =
        name === undefined ? undefined : (await import("../policy-commands/visitor.ts")).visitorNamed(name);
      const look = { color: hasColors(process.stdout) };
      const linesOf = createRequestLog(look);
      const site = await startLocalSite({
        dataDir: resolve(DATA_DIR),
        edgePort,
        plan,
        visitor,
        env,
        signal,
        ...(command.startBackend && { startBackend: command.startBackend }),
        onStep: (step) => print([`starting ${step}`]),
        onRequest: (record) => print(linesOf(record)),
        onBackendLog: (line) => print(backendErrorLines(line)),
        onProblem: (problem) => print(problemLines(problem, look)),
        warn: (line) => print([`warning: ${line}`]),
      });
      return { site, banner: bannerLines(site, (performance.now() - beganAt) / 1000), unfollow: await follow(site) };
    },
    started({ site, banner, unfollow }) {
      print(banner);
      if (name !== undefined) print([`Every visitor is taken for "${name}" of infra/policy/visitors.ts.`, ""]);
      site.backend.failed.then(async (problem) => {
        print(["", problem.message]);
        await stop({ site, unfollow }).catch((error: unknown) => print([messageOf(error)]));
        process.exit(1);
      });
    },
    stop,
    say: (line) => print(["", line]),
  });

  async function follow(site: LocalSite): Promise<() => Promise<void>> {
    try {
      return (await command.follow?.(site)) ?? (async () => {});
    } catch (error) {
      await site.stop();
      throw error;
    }
  }
}

function print(lines: readonly string[]): void {
  for (const line of lines) console.log(line);
}

interface RunningSite {
  readonly site: LocalSite;
  readonly banner: readonly string[];
  unfollow(): Promise<void>;
}

async function stop({ site, unfollow }: Omit<RunningSite, "banner">): Promise<void> {
  await unfollow();
  await site.stop();
}
