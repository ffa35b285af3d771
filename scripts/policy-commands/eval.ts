import {
  type Compiled,
  compile,
  compileLists,
  FieldValueError,
  PLANS,
  type Reading,
  render,
  requestFields,
} from "../../infra/rules/index.ts";
import {
  argument,
  command,
  type OptionValues,
  oneOf,
  option,
  optionWithDefault,
  printForPeople,
  UsageError,
} from "../command-line/index.ts";
import { requestArguments } from "./input.ts";
import { adviceFor, REQUEST_NOTATIONS, readRequests, requestLine, siteOf } from "./options.ts";
import { loadPolicy } from "./policy.ts";
import { chosenVisitor, VISITOR_OPTION } from "./visitor.ts";

const OPTIONS = {
  plan: option("--plan <plan>", `refuses what this plan does not have: ${PLANS.join(", ")}`, oneOf(PLANS)),
  visitor: VISITOR_OPTION,
  expect: option(
    "--expect <value>",
    "true or false: ends with 1 where the expression has another value",
    oneOf(["true", "false"]),
  ),
  format: optionWithDefault("--format <format>", "text, json", oneOf(["text", "json"]), "text"),
};

export const evalCommand = command({
  name: "eval",
  summary: "Tries an expression on requests, and says which part decides.",
  details: REQUEST_NOTATIONS,
  arguments: { expression: argument("an expression of the Rules language"), requests: requestArguments },
  options: OPTIONS,
  failure: "the expression is wrong, a field that decides was not given, or the value is not the expected one",
  examples: [
    `'http.host eq "x" and ip.src.country eq "DE"' 'GET https://x/ from 203.0.113.9'`,
    `--expect false 'http.request.uri.path eq "/admin"' @traffic.har`,
  ],
  run: ({ args, options }) => evaluate(args, options),
});

type EvalOptions = OptionValues<typeof OPTIONS>;

async function evaluate(
  { expression, requests }: { readonly expression: string; readonly requests: readonly string[] },
  { plan, visitor: visitorName, expect, format }: EvalOptions,
): Promise<0 | 1> {
  const { listSpecs, policyFor } = await loadPolicy();
  const lists = compileLists(listSpecs(policyFor(siteOf([]), plan ?? "enterprise").lists));
  const compiled = compile(expression, { lists, ...(plan === undefined ? {} : { plan }) });
  if (!compiled.ok) {
    const { diagnostics } = compiled;
    if (format === "json") console.log(JSON.stringify({ expression, diagnostics }, null, 2));
    else for (const diagnostic of diagnostics) printForPeople(render(diagnostic, expression));
    return 1;
  }
  const visitor = chosenVisitor(visitorName);
  const results = (await readRequests(requests, {}, visitor)).map((request) =>
    resultOf(
      compiled,
      requestLine(request, visitorName),
      readFields(() => compiled.read(requestFields(request))),
    ),
  );
  if (format === "json") console.log(JSON.stringify({ expression, results }, null, 2));
  else for (const result of results) printResult(result, expect);
  return results.some((result) => result.value === null || isUnexpected(result, expect)) ? 1 : 0;
}

interface EvalResult {
  readonly request: string;
  /** Null where it depends on a field that was not given. */
  readonly value: boolean | null;
  readonly why: string;
  readonly undetermined: readonly string[];
  /** Parts of the expression that were looked at. */
  readonly parts: readonly { readonly value: boolean | null; readonly text: string }[];
}

function resultOf({ text }: Compiled, request: string, { value, why, undetermined, parts }: Reading): EvalResult {
  const shown = parts.slice(1).map(({ node: { span }, value: part }) => {
    return { value: part ?? null, text: text.slice(span.start, span.end) };
  });
  return { request, value: value ?? null, why, undetermined, parts: shown };
}

const isUnexpected = ({ value }: EvalResult, expect: EvalOptions["expect"]): boolean =>
  expect !== undefined && String(value) !== expect;

function printResult(result: EvalResult, expect: EvalOptions["expect"]): void {
  printForPeople(`${result.request}\n${describe(result)}`);
  if (isUnexpected(result, expect)) console.log(`  expected ${expect}`);
  for (const { value, text } of result.parts) printForPeople(`    ${valueColumn(value ?? undefined)}  ${text}`);
}

/** Reads an expression. @throws UsageError where a field was given a value of the wrong type */
export function readFields(read: () => Reading): Reading {
  try {
    return read();
  } catch (error) {
    if (error instanceof FieldValueError) throw new UsageError(error.message);
    throw error;
  }
}

function describe({ value, why, undetermined }: EvalResult): string {
  if (value !== null) return `  ${value}: ${why}`;
  return `  undetermined: ${undetermined.join(", ")} can only be known at Cloudflare; ${adviceFor(undetermined)}`;
}

/** A value in a column of its own. */
export function valueColumn(value: boolean | undefined): string {
  return value === undefined ? "?    " : value ? "true " : "false";
}
