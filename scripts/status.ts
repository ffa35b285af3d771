import { printableJson } from "../infra/preflight/for-commands.ts";
import {
  command,
  flag,
  oneOf,
  optionWithDefault,
  printForPeople,
  runCommand,
  UsageError,
  untilSignal,
  wholeNumber,
} from "./command-line/index.ts";
import { OPERATOR_ENVIRONMENT, openOperator, stackOption } from "./pulumi-cli/operator.ts";
import { EXIT_CODES, exitCodeOf } from "./stack-status/check.ts";
import { PUBLIC_EDGE, type StatusEdge } from "./stack-status/edge-request.ts";
import { readStatus } from "./stack-status/read-status.ts";
import { statusText } from "./stack-status/report-text.ts";

await runCommand(
  command({
    name: "status",
    summary: "Shows whether the site of a stack is well: tunnel, connectors, records, certificate, gateway, drift.",
    details:
      "It sends requests to /api/health through the edge, until each connector that Cloudflare lists has carried " +
      "one, and counts those that fail. Which connector carries a request is Cloudflare's choice: one that carried " +
      "none while no request failed is not known. That the gateway serves does not say that the database works: " +
      "/health/ready at the backend's INTERNAL_PORT does. Reads only.",
    options: {
      stack: stackOption,
      format: optionWithDefault("--format <format>", "text, json", oneOf(["text", "json"]), "text"),
      timeout: optionWithDefault("--timeout <seconds>", "for one request through the edge", wholeNumber(1, 120), 10),
      allowUnreached: flag("--allow-unreached", "counts no connector as not known, as for a timer"),
      skipDrift: flag("--skip-drift", "does not run Pulumi's preview, which takes the longest"),
    },
    environment: {
      ...OPERATOR_ENVIRONMENT,
      EDGE_URL: "the edge of a Cloudflare on localhost, such as http://127.0.0.1:8080",
    },
    examples: ["--stack prod", "--stack prod --skip-drift --format json"],
    failure: "something is wrong, or nothing is deployed",
    failureCode: EXIT_CODES["not known"],
    usage: "it could not be found out, or wrong use",
    async run({ options }) {
      const edge = edgeFrom(process.env.EDGE_URL);
      const operator = await openOperator(options.stack);
      const work = readStatus(operator, {
        edge,
        timeoutMs: options.timeout * 1000,
        skipsDrift: options.skipDrift,
      });
      const report = await untilSignal(work);
      if (options.format === "json") console.log(printableJson(report));
      else printForPeople(statusText(report));
      return exitCodeOf(report.checks, options.allowUnreached);
    },
  }),
);

function edgeFrom(text: string | undefined): StatusEdge {
  if (!text) return PUBLIC_EDGE;
  const url = URL.parse(text);
  if (url === null || !["http:", "https:"].includes(url.protocol) || url.pathname !== "/") {
    throw new UsageError(`EDGE_URL is "${text}". It must be an address such as http://127.0.0.1:8080.`);
  }
  const isTls = url.protocol === "https:";
  return { host: url.hostname, port: Number(url.port) || (isTls ? 443 : 80), isTls };
}
