import type { Span } from "../diagnostic.ts";
import type { Argument, Call } from "../language/ast.ts";
import type { FunctionSpec } from "../schema/functions.ts";
import { typeName } from "../schema/type.ts";
import { acceptedTypes, accepts, argumentType, literalProblem, paramAt } from "./arguments.ts";
import type { Checker } from "./checker.ts";
import { literalArgument } from "./literals.ts";
import { didYouMean } from "./suggest.ts";
import type { CallSource, TypedArgument } from "./typed.ts";
import { article } from "./words.ts";

/** Checks a call: whether the function exists, and whether number, kinds and types of the arguments are right. */
export function checkCall(checker: Checker, call: Call): CallSource | undefined {
  const spec = checker.schema.functions.get(call.name);
  if (!spec) {
    const field = checker.schema.fields.get(call.name);
    const suggestion = didYouMean(call.name, [...checker.schema.functions.keys(), "any", "all"]);
    const lowerCaseName = call.name.toLowerCase();
    checker.report(
      "unknown-function",
      call.nameSpan,
      field ? `${call.name} is a field, not a function` : `there is no function ${call.name}`,
      lowerCaseName !== call.name && checker.schema.functions.has(lowerCaseName)
        ? `functions are written in lower case: ${lowerCaseName}`
        : suggestion,
    );
    return undefined;
  }
  checker.functions.push({ used: spec, span: call.nameSpan, call: call.span });
  const args: TypedArgument[] = [];
  const maxCount = spec.rest
    ? (spec.maxArguments ?? Number.POSITIVE_INFINITY)
    : spec.params.length + (spec.optional?.length ?? 0);
  let failed = false;
  for (const [index, argument] of call.arguments.entries()) {
    const typed = checkArgument(checker, argument);
    if (!typed) {
      failed = true;
      continue;
    }
    if (index >= maxCount) {
      reportCount(checker, spec, argument.span, maxCount);
      return undefined;
    }
    if (typed.kind === "reader" && typed.mapped && index > 0) {
      checker.report(
        "each-in-later-argument",
        argument.span,
        "[*] is allowed in the first argument of a function only",
      );
      failed = true;
    } else if (!failed && !argumentFits(checker, spec, index, typed, args, argument.span)) failed = true;
    if (paramAt(spec, index).pattern === "regex") checker.regexes.push(argument.span);
    args.push(typed);
  }
  if (call.arguments.length < spec.params.length) {
    reportCount(checker, spec, call.span, maxCount);
    return undefined;
  }
  if (failed) return undefined;
  const [first] = args;
  return { kind: "call", spec, arguments: args, mapped: first?.kind === "reader" && first.mapped };
}

function reportCount(checker: Checker, spec: FunctionSpec, span: Span, maxCount: number): void {
  const minCount = spec.params.length;
  const expected =
    maxCount === minCount
      ? `${minCount}`
      : maxCount === Number.POSITIVE_INFINITY
        ? `at least ${minCount}`
        : `${minCount} to ${maxCount}`;
  checker.report("argument-count", span, `${spec.name} takes ${expected} argument${expected === "1" ? "" : "s"}`);
}

function argumentFits(
  checker: Checker,
  spec: FunctionSpec,
  index: number,
  typed: TypedArgument,
  earlier: readonly TypedArgument[],
  span: Span,
): boolean {
  const param = paramAt(spec, index);
  const isLiteral = typed.kind === "literal";
  if (param.kind !== "any" && (param.kind === "literal") !== isLiteral) {
    const wanted = param.kind === "literal" ? "a literal, not a field" : "a field or a function, not a literal";
    checker.report("argument-kind", span, `argument ${index + 1} of ${spec.name} must be ${wanted}`);
    return false;
  }
  const type = argumentType(typed);
  const accepted = acceptedTypes(spec, index, param, earlier[0] && argumentType(earlier[0]));
  if (accepted.length > 0 && !accepted.some((one) => accepts(one, type))) {
    const wanted = accepted
      .map((one) => (one === "Array" || one === "Map" ? `any ${one}` : typeName(one)))
      .join(" or ");
    checker.report(
      "argument-type",
      span,
      `argument ${index + 1} of ${spec.name} must be ${wanted}, but this is ${article(type)}`,
      typeof type !== "string" && type.of === "Bytes" && index === 0
        ? `apply it to each element: ${spec.name}(array[*])`
        : undefined,
    );
    return false;
  }
  const problem = isLiteral ? literalProblem(param, typed) : undefined;
  if (problem) {
    checker.report("argument-value", span, `argument ${index + 1} of ${spec.name} is wrong: ${problem}`);
    return false;
  }
  return true;
}

function checkArgument(checker: Checker, argument: Argument): TypedArgument | undefined {
  switch (argument.kind) {
    case "value":
      return checker.value(argument);
    case "text":
      return { kind: "literal", type: "Bytes", value: argument.value };
    case "token":
      return literalArgument(checker, argument);
    default:
      return checker.condition(argument);
  }
}
