import { command, flag, runCommand } from "./command-line/index.ts";
import { runSite, SITE_ENVIRONMENT, SITE_OPTIONS } from "./local-site/run-site.ts";

await runCommand(
  command({
    name: "dev",
    summary: "Starts the whole site as `npm start` does, and follows edits, until SIGINT or SIGTERM.",
    details:
      "An edit of the policy (infra/) is proved and deployed, and the rules that changed are named. After an edit of " +
      "the backend (backend/) a new process serves: users stay signed in, and pages connect again. After an edit of " +
      "the page (backend/page/) it is built, and open pages reload. A mistake is shown with its file and line, and " +
      "what ran before goes on. Types are checked beside it. Edits of scripts/, cloudflared/ and infra/local/ need a " +
      "restart of this command.",
    options: {
      ...SITE_OPTIONS,
      inspect: flag("--inspect", "debug the backend at 127.0.0.1:9229, or the next free port"),
    },
    examples: ["", "--inspect"],
    environment: {
      ...SITE_ENVIRONMENT,
      DRAIN_SECONDS: "seconds for requests and sockets of a backend that is exchanged (1)",
    },
    failure: "it could not start, or did not end in order",
    async run({ options: { inspect, ...site } }) {
      const { followingSite } = await import("./edits/following-site.ts");
      await runSite({ ...site, ...(await followingSite(inspect)) });
    },
  }),
);
