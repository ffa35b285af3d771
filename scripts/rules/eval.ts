import { compile, FieldValueError, type Reading, render, requestFields } from "../../infra/rules/index.ts";
import { argument, argumentsFromOne, command, UsageError } from "../command-line/index.ts";
import { REQUEST_NOTATIONS, readRequests, requestLine } from "./options.ts";

export const evalCommand = command({
  name: "eval",
  summary: "Tries an expression on requests, and says which part decides.",
  details: REQUEST_NOTATIONS,
  arguments: { expression: argument("an expression of the Rules language"), requests: argumentsFromOne("requests") },
  failure: "the expression is wrong, or a field that decides was not given",
  examples: [`'http.host eq "x" and ip.src.country eq "DE"' 'GET https://x/ from 203.0.113.9'`],
  run: ({ args }) => evaluate(args.expression, args.requests),
});

function evaluate(expression: string, requests: readonly string[]): 0 | 1 {
  const compiled = compile(expression);
  if (!compiled.ok) {
    for (const diagnostic of compiled.diagnostics) console.log(render(diagnostic, expression));
    return 1;
  }
  let failed = false;
  for (const request of requests.flatMap((text) => readRequests(text, {}))) {
    const reading = readFields(() => compiled.read(requestFields(request)));
    console.log(`${requestLine(request)}\n${describe(reading)}`);
    failed ||= reading.value === undefined;
    for (const part of reading.parts.slice(1))
      console.log(`    ${word(part.value)}  ${expression.slice(part.node.span.start, part.node.span.end)}`);
  }
  return failed ? 1 : 0;
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

function describe({ value, why, undetermined }: Reading): string {
  if (value !== undefined) return `  ${value}: ${why}`;
  const give = undetermined.map((field) => `given ${field}=…`).join(" ");
  return `  undetermined: ${undetermined.join(", ")} can only be known at Cloudflare; add to the request: ${give}`;
}

/** A value in a column of its own. */
export function word(value: boolean | undefined): string {
  return value === undefined ? "?    " : value ? "true " : "false";
}
