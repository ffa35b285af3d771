import { command, runCommand } from "./command-line/index.ts";
import { runSite, SITE_ENVIRONMENT, SITE_OPTIONS } from "./local-site/run-site.ts";

await runCommand(
  command({
    name: "start",
    summary: "Starts the whole site on this machine, with a Cloudflare on localhost, until SIGINT or SIGTERM.",
    details:
      "Everything listens on 127.0.0.1. The variables of `npm run backend` count too, except HOST and " +
      "ORIGINS. PORT is the port of the site: the edge's, not the gateway's.\n" +
      "\n" +
      "A request may say what Cloudflare would know of its visitor, in a header:\n" +
      "  curl -H 'Local-Visitor: ip=203.0.113.7; country=DE; bot_score=2' http://chat.causeway.localhost:8080/\n" +
      "\n" +
      "`npm run dev` does the same and follows edits.",
    options: SITE_OPTIONS,
    examples: ["", "--plan enterprise --visitor crawler"],
    environment: SITE_ENVIRONMENT,
    failure: "it could not start, or did not end in order",
    run: ({ options }) => runSite(options),
  }),
);
