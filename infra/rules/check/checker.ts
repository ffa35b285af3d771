/** What the parts of the checker share: the text and schema they check against, and what they find. */
import type { Diagnostic, DiagnosticCode, Span } from "../diagnostic.ts";
import type { Expression, ValueExpression } from "../language/ast.ts";
import { MAX_DIAGNOSTICS } from "../language/parse.ts";
import { trimmed } from "../language/white-space.ts";
import type { FunctionSpec } from "../schema/functions.ts";
import type { LanguageSchema, SchemaField } from "../schema/schema.ts";
import type { ScalarType } from "../schema/type.ts";
import type { Condition, Reader } from "./typed.ts";

/** Something an expression uses, and where. */
export interface Use<T> {
  /** The field, function or list. */
  readonly used: T;
  readonly span: Span;
}

/** A function an expression calls; `span` is its name's, `call` has the arguments too. */
export interface CallUse extends Use<FunctionSpec> {
  readonly call: Span;
}

/** A list that a comparison uses, without `$`; `type` is that of the compared value. */
export interface ListUse extends Use<string> {
  readonly type: ScalarType;
}

/** One expression being checked. */
export abstract class Checker {
  readonly diagnostics: Diagnostic[] = [];
  readonly fields: Use<SchemaField>[] = [];
  /** Calls, the outer before the inner. */
  readonly functions: CallUse[] = [];
  /** Places of regular expressions. */
  readonly regexes: Span[] = [];
  readonly lists: ListUse[] = [];
  readonly text: string;
  readonly schema: LanguageSchema;

  constructor(text: string, schema: LanguageSchema) {
    // The engine trims the text first, so that its end is the end of the last word.
    this.text = text.slice(0, trimmed(text).end);
    this.schema = schema;
  }

  /** A checked condition, undefined where it is wrong, which is reported. Here, because a call may take conditions. */
  abstract condition(node: Expression): Condition | undefined;

  /** A checked field or call with its accesses, in the same way. `hint` is given for a name that is not known. */
  abstract value(value: ValueExpression, hint?: string): Reader | undefined;

  /** Keeps a mistake. */
  report(code: DiagnosticCode, span: Span, message: string, hint?: string): void {
    if (this.diagnostics.length >= MAX_DIAGNOSTICS) return;
    this.diagnostics.push({
      code,
      severity: "error",
      message,
      span: { start: span.start, end: Math.max(span.start, Math.min(span.end, this.text.length)) },
      ...(hint && { hint }),
    });
  }
}
