import { printableJson } from "../infra/preflight/for-commands.ts";
import { readTokenFacts } from "./api-token/facts.ts";
import { exitCodeOf, tokenReport } from "./api-token/report.ts";
import { tokenReportText } from "./api-token/report-text.ts";
import {
  command,
  oneOf,
  optionWithDefault,
  printForPeople,
  runCommand,
  untilSignal,
  withProgress,
} from "./command-line/index.ts";
import { OPERATOR_ENVIRONMENT, openOperator, stackOption } from "./pulumi-cli/operator.ts";

/** Exit code where it is not known whether the token has all that it needs. */
const CANNOT_TELL = 2;

await runCommand(
  command({
    name: "token",
    summary: "Shows which permissions the API token of a stack needs, and which the present one lacks.",
    details:
      "What a stack needs follows from its configuration and its policy. The link opens Cloudflare's form for a new " +
      "token with these permissions. Nothing is written, and no secret is printed. What only a write would show is " +
      "not known.",
    options: {
      stack: stackOption,
      format: optionWithDefault("--format <format>", "text, json", oneOf(["text", "json"]), "text"),
    },
    environment: OPERATOR_ENVIRONMENT,
    examples: ["--stack prod", "--stack prod --format json"],
    failure: "the token lacks something, or there is none",
    failureCode: CANNOT_TELL,
    usage: "it could not be found out, or wrong use",
    async run({ options }) {
      const operator = await openOperator(options.stack);
      const work = untilSignal(readTokenFacts(operator));
      const facts = await withProgress(`Reading the configuration of ${operator.stack} and the account.`, work);
      const report = tokenReport(facts);
      if (options.format === "json") console.log(printableJson(report));
      else printForPeople(tokenReportText(report));
      return exitCodeOf(report);
    },
  }),
);
