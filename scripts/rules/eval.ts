/** `npm run rules -- eval '<expression>' <request>`: tries an expression on requests. */
import { compile, FieldValueError, type Reading, render, requestFields } from "../../infra/rules/index.ts";
import { readRequests, requestLine, UsageError } from "./options.ts";

const USAGE = `usage: npm run rules -- eval '<expression>' '<request>' ...
  a request is GET /admin from 203.0.113.9 as "curl/8", a curl command, raw HTTP, a HAR entry or JSON`;

/** Exit code: 0 evaluated, 1 the expression is wrong or a field was not given, 2 wrong use. */
export function evalCommand(args: readonly string[]): number {
  const [expression, ...requests] = args;
  if (expression === undefined || requests.length === 0) throw new UsageError(USAGE);
  const compiled = compile(expression);
  if (!compiled.ok) {
    for (const diagnostic of compiled.diagnostics) console.log(render(diagnostic, expression));
    return 1;
  }
  let failed = false;
  for (const request of requests.flatMap((text) => readRequests(text, {}))) {
    const reading = readFields(() => compiled.read(requestFields(request)));
    console.log(`${requestLine(request)}\n${answer(reading)}`);
    failed ||= reading.value === undefined;
    for (const part of reading.parts.slice(1))
      console.log(`    ${word(part.value)}  ${expression.slice(part.node.span.start, part.node.span.end)}`);
  }
  return failed ? 1 : 0;
}

/** A given value of the wrong type is the user's mistake. */
export function readFields(read: () => Reading): Reading {
  try {
    return read();
  } catch (error) {
    if (error instanceof FieldValueError) throw new UsageError(error.message);
    throw error;
  }
}

function answer({ value, why, undetermined }: Reading): string {
  if (value !== undefined) return `  ${value}: ${why}`;
  const give = undetermined.map((field) => `given ${field}=…`).join(" ");
  return `  undetermined: ${undetermined.join(", ")} can only be known at Cloudflare; add to the request: ${give}`;
}

/** A value in a column of its own. */
export function word(value: boolean | undefined): string {
  return value === undefined ? "?    " : value ? "true " : "false";
}
