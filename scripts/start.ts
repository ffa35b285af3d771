import { resolve } from "node:path";
import { PLANS, type Plan } from "../infra/rules/index.ts";
import {
  command,
  hasColors,
  messageOf,
  oneOf,
  option,
  optionWithDefault,
  runCommand,
  runUntilSignal,
  text,
  UsageError,
  wholeNumber,
} from "./command-line/index.ts";

await runCommand(
  command({
    name: "start",
    summary: "Starts the whole site on this machine, with a Cloudflare on localhost, until SIGINT or SIGTERM.",
    details:
      "Everything listens on 127.0.0.1. The variables of `npm run backend` count too, except HOST and " +
      "ORIGINS. PORT is the port of the site: the edge's, not the gateway's.\n" +
      "\n" +
      "A request may say what Cloudflare would know of its visitor, in a header:\n" +
      "  curl -H 'Local-Visitor: ip=203.0.113.7; country=DE; bot_score=2' http://chat.causeway.localhost:8080/",
    options: {
      plan: optionWithDefault("--plan <plan>", `plan of the local zone: ${PLANS.join(", ")}`, oneOf(PLANS), "free"),
      visitor: option("--visitor <name>", "take every visitor for this one of infra/policy/visitors.ts", text),
    },
    examples: ["", "--plan enterprise --visitor crawler"],
    environment: {
      PORT: "the port that browsers open (8080, or the next free one)",
      DATA_DIR: "folder of everything that outlives a run (.data)",
      CAUSEWAY_UNPROVED: "yes: deploys, this once, what examples and stories do not prove",
      NO_COLOR: "output without colours",
    },
    failure: "it could not start, or did not end in order",
    run: ({ options }) => runLocalSite(options),
  }),
);

interface StartOptions {
  readonly plan: Plan;
  readonly visitor: string | undefined;
}

async function runLocalSite({ plan, visitor: name }: StartOptions): Promise<void> {
  const beganAt = performance.now();
  const { DATA_DIR = ".data", PORT } = process.env;
  const edgePort = PORT ? wholeNumber(1, 65_535).parse(PORT) : undefined;
  if (PORT && edgePort === undefined) throw new UsageError(`PORT is "${PORT}". It must be a port: 1 to 65535.`);
  const print = (lines: readonly string[]) => {
    for (const line of lines) console.log(line);
  };
  await runUntilSignal({
    async start(signal) {
      const { createRequestLog, problemLines } = await import("../infra/local/console/index.ts");
      const { backendErrorLines } = await import("./local-site/backend-errors.ts");
      const { bannerLines } = await import("./local-site/banner.ts");
      const { startLocalSite } = await import("./local-site/local-site.ts");
      // this loads the policy; errors in it are reported by the start
      const visitor =
        name === undefined ? undefined : (await import("./policy-commands/visitor.ts")).visitorNamed(name);
      const look = { color: hasColors(process.stdout) };
      const linesOf = createRequestLog(look);
      const site = await startLocalSite({
        dataDir: resolve(DATA_DIR),
        edgePort,
        plan,
        visitor,
        env: process.env,
        signal,
        onStep: (step) => print([`starting ${step}`]),
        onRequest: (record) => print(linesOf(record)),
        onBackendLog: (line) => print(backendErrorLines(line)),
        onProblem: (problem) => print(problemLines(problem, look)),
        warn: (line) => print([`warning: ${line}`]),
      });
      return { site, banner: bannerLines(site, (performance.now() - beganAt) / 1000) };
    },
    started({ site, banner }) {
      print(banner);
      if (name !== undefined) print([`Every visitor is taken for "${name}" of infra/policy/visitors.ts.`, ""]);
      site.backend.failed.then(async (problem) => {
        print(["", problem.message]);
        await site.stop().catch((error: unknown) => print([messageOf(error)]));
        process.exit(1);
      });
    },
    stop: ({ site }) => site.stop(),
    say: (line) => print(["", line]),
  });
}
