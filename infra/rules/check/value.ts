import type { Span } from "../diagnostic.ts";
import type { ValueExpression } from "../language/ast.ts";
import { MAX_DIAGNOSTICS } from "../language/parse.ts";
import type { Type } from "../schema/type.ts";
import { callType } from "./arguments.ts";
import { checkCall } from "./call.ts";
import type { Checker } from "./checker.ts";
import { didYouMeanField } from "./suggest.ts";
import type { FieldOperand, Reader } from "./typed.ts";
import { accessMessage, unknown, unknownHint } from "./words.ts";

/** Checks a field or a call with its accesses. */
export function checkValue(checker: Checker, value: ValueExpression, hint?: string): Reader | undefined {
  const source =
    value.of.kind === "call" ? checkCall(checker, value.of) : checkField(checker, value.of.name, value.of.span, hint);
  if (!source) return undefined;
  let type: Type = source.kind === "field" ? source.field.type : callType(source);
  let mapped = false;
  for (const access of value.accesses) {
    const fits =
      typeof type !== "string" &&
      (access.kind === "each" || (access.kind === "key" ? type.kind === "Map" : type.kind === "Array"));
    if (!fits || typeof type === "string") {
      checker.report("bad-access", access.span, accessMessage(access.kind, type));
      return undefined;
    }
    type = type.of;
    mapped ||= access.kind === "each";
  }
  return { kind: "reader", source, accesses: value.accesses, type, mapped, node: value };
}

function checkField(checker: Checker, name: string, span: Span, hint?: string): FieldOperand | undefined {
  const field = checker.schema.fields.get(name);
  if (field) {
    checker.fields.push({ used: field, span });
    return { kind: "field", field };
  }
  if (checker.diagnostics.length >= MAX_DIAGNOSTICS) return undefined;
  if (checker.schema.functions.has(name) || name === "any" || name === "all") {
    checker.report("expected-parenthesis", span, `${name} is a function and needs parentheses`);
    return undefined;
  }
  const meant = didYouMeanField(name, checker.schema);
  checker.report("unknown-field", span, unknown(name), unknownHint(name, meant, hint));
  return undefined;
}
