/**
 * Tree and schema to a checked expression, or diagnostics. wirefilter checks while it parses; the order, wording and place of
 * its errors are kept in `engine`, so that ours can be compared with what Cloudflare answers.
 */
import type { Diagnostic, Span } from "../diagnostic.ts";
import type { Argument, Call, Comparison, Expression, Items, Right, Text, Token, Value } from "../language/ast.ts";
import { describe } from "../language/describe.ts";
import type { IpRange } from "../language/ip-address.ts";
import { logicalOperatorAt, MAX_DIAGNOSTICS, skipSpace } from "../language/parse.ts";
import {
  type IntegerRange,
  type Read,
  type ReadError,
  readBytes,
  readInteger,
  readIntegerRange,
  readIp,
  readIpRange,
} from "../language/read-literal.ts";
import { wildcardError } from "../language/wildcard.ts";
import { compileRegex } from "../regex/index.ts";
import { UNTYPED_FIELDS } from "../schema/fields.ts";
import type { FunctionSpec } from "../schema/functions.ts";
import type { Schema, SchemaField } from "../schema/schema.ts";
import { arrayOf, engineTypeName, isArrayOfBool, isScalar, sameType, type Type, typeName } from "../schema/type.ts";
import { acceptedTypes, accepts, argumentType, callType, expectedList, paramAt, refusal } from "./arguments.ts";
import { patternOffset } from "./pattern-offset.ts";
import { didYouMean } from "./suggest.ts";
import type { CallSource, Condition, FieldSource, Reader, Test, TypedArgument, TypedLiteral } from "./typed.ts";
import {
  accessMessage,
  article,
  debugType,
  itemHint,
  itemMessage,
  literalHint,
  mismatch,
  unknown,
  unknownHint,
  WANTED,
} from "./words.ts";

export interface Analysis {
  /** Absent where there is any error. */
  readonly condition?: Condition;
  readonly diagnostics: readonly Diagnostic[];
  readonly fields: readonly Use<SchemaField>[];
  /** Calls, the outer before the inner. */
  readonly functions: readonly CallUse[];
  /** Where regular expressions stand. */
  readonly regexes: readonly Span[];
  /** Names of lists. */
  readonly lists: readonly Use<string>[];
}

/** Something an expression uses, and where. */
export interface Use<T> {
  readonly what: T;
  readonly span: Span;
}

/** A function an expression calls; `span` is its name's, `call` has the arguments too. */
export interface CallUse extends Use<FunctionSpec> {
  readonly call: Span;
}

/** Checks a tree that was parsed from `text`. */
export function analyze(tree: Expression, text: string, schema: Schema): Analysis {
  const analyzer = new Analyzer(text, schema);
  const condition = analyzer.condition(tree, "top");
  if (condition?.mapped) {
    analyzer.report("type-mismatch", tree.span, "the whole expression must be true or false, but this is an array", {
      engine: mismatch("Bool", arrayOf("Bool")),
      at: tree.span.end,
      hint: "put it into any(...) or all(...)",
    });
  }
  const { diagnostics, fields, functions, regexes, lists } = analyzer;
  const failed = diagnostics.length > 0 || !condition;
  return { ...(!failed && { condition }), diagnostics, fields, functions, regexes, lists };
}

/** Checks a tree that is a value and nothing else: a field or a call with its accesses, as a rate limit's characteristic is. */
export function analyzeValue(
  tree: Expression,
  text: string,
  schema: Schema,
): Omit<Analysis, "condition"> & { readonly reader?: Reader } {
  const analyzer = new Analyzer(text, schema);
  const value = tree.kind === "comparison" && !tree.operator ? tree.left : undefined;
  const reader = value && analyzer.reader(value);
  if (!value && tree.kind !== "broken") {
    analyzer.report("expected-value", tree.span, "expected a field or a function call, got a condition", {
      engine: "unrecognised input",
    });
  }
  const { diagnostics, fields, functions, regexes, lists } = analyzer;
  return { ...(reader && diagnostics.length === 0 && { reader }), diagnostics, fields, functions, regexes, lists };
}

type Place = "top" | "group" | "call" | "quantifier";

class Analyzer {
  readonly diagnostics: Diagnostic[] = [];
  readonly fields: Use<SchemaField>[] = [];
  readonly functions: CallUse[] = [];
  readonly regexes: Span[] = [];
  readonly lists: Use<string>[] = [];
  readonly #text: string;
  readonly #schema: Schema;

  constructor(text: string, schema: Schema) {
    // The engine trims the text first, so that its end is the end of the last word.
    this.#text = text.replace(/\p{White_Space}+$/u, "");
    this.#schema = schema;
  }

  condition(node: Expression, place: Place): Condition | undefined {
    switch (node.kind) {
      case "broken":
        return undefined;
      case "group":
        return this.condition(node.inner, "group");
      case "not": {
        const operand = this.condition(node.operand, place);
        return operand && { kind: "not", operand, mapped: operand.mapped, node };
      }
      case "quantifier": {
        const over = this.#quantified(node.argument);
        return over && { kind: "quantifier", quantifier: node.quantifier, over, mapped: false, node };
      }
      case "logical":
        return this.#logical(node, place);
      case "comparison":
        return this.#comparison(node, place);
    }
  }

  #logical(node: Expression & { kind: "logical" }, place: Place): Condition | undefined {
    const items: Condition[] = [];
    for (const [index, item] of node.items.entries()) {
      const condition = this.condition(item, place);
      if (!condition) continue;
      const first = items[0];
      if (first && first.mapped !== condition.mapped && index > 0) {
        this.report(
          "type-mismatch",
          item.span,
          `${node.operator} joins two conditions of one kind, but one side is an array`,
          {
            engine: mismatch(first.mapped ? arrayOf("Bool") : "Bool", condition.mapped ? arrayOf("Bool") : "Bool"),
            at: this.#afterOperand(item.span.end),
            hint: "put the array into any(...) or all(...)",
          },
        );
      }
      items.push(condition);
    }
    const [first] = items;
    if (!first || items.length < node.items.length) return undefined;
    return { kind: "logical", operator: node.operator, items, mapped: first.mapped, node };
  }

  /** Where the engine stands after an operand: behind the operator that follows, if one does. */
  #afterOperand(end: number): number {
    const operator = logicalOperatorAt(this.#text, skipSpace(this.#text, end));
    return operator ? skipSpace(this.#text, operator.end) : end;
  }

  #quantified(argument: Argument): Condition | Reader | undefined {
    const expected = arrayOf("Bool");
    if (argument.kind === "value") {
      const reader = this.reader(argument);
      if (!reader) return undefined;
      if (isArrayOfBool(reader.type) && !reader.mapped) return reader;
      return this.#notAnArrayOfBool(argument.span, reader.type, expected);
    }
    if (argument.kind === "text") return this.#notAnArrayOfBool(argument.span, "Bytes", expected);
    if (argument.kind === "token") {
      const literal = this.#argumentLiteral(argument, ")");
      return literal && this.#notAnArrayOfBool(argument.span, literal.type, expected);
    }
    const condition = this.condition(argument, "quantifier");
    if (!condition || condition.mapped) return condition;
    return this.#notAnArrayOfBool(argument.span, "Bool", expected);
  }

  #notAnArrayOfBool(span: Span, actual: Type, expected: Type): undefined {
    const hint =
      actual === "Bool"
        ? "compare each element: any(array[*] eq …)"
        : "any and all take conditions, such as array[*] eq …";
    this.report("type-mismatch", span, `any and all need an array of Booleans, but this is ${article(actual)}`, {
      engine: mismatch(expected, actual),
      hint,
    });
  }

  #comparison(node: Comparison, place: Place): Condition | undefined {
    const left = this.reader(node.left);
    if (!left) {
      // Names on the right are worth knowing too.
      if (node.right?.kind === "value") this.reader(node.right);
      return undefined;
    }
    const end = left.node.span.end;
    const alone = left.type === "Bool" || (typeof left.type !== "string" && left.type.of === "Bool");
    if (alone) {
      if (left.type !== "Bool" && left.mapped)
        return this.#unsupported(arrayOf(arrayOf("Bool")), { start: end, end }, end);
      if (node.operator) return this.#booleanWithOperator(node, node.operator.span, end, place);
      return { kind: "truth", left, mapped: left.mapped || left.type !== "Bool", node };
    }
    const at = skipSpace(this.#text, end);
    if (!node.operator || !node.right) return this.#operatorMissing(left, at);
    const { name, span } = node.operator;
    const fits =
      name === "bitwise_and" ? left.type === "Int" : TEXT_ONLY.has(name) ? left.type === "Bytes" : isScalar(left.type);
    if (!fits || !isScalar(left.type)) {
      if (node.right.kind === "value") this.reader(node.right);
      return this.#unsupported(left.type, span, span.start, `${name} cannot compare ${article(left.type)}`);
    }
    const test = this.#test(node.operator.name, left.type, node.right, place);
    return test && { kind: "compare", left, test, mapped: left.mapped, node };
  }

  #booleanWithOperator(node: Comparison, span: Span, end: number, place: Place): undefined {
    const name = this.#text.slice(node.left.span.start, end);
    const negative = node.right && /^(false|0)$/.test(this.#text.slice(node.right.span.start, node.right.span.end));
    this.#leftover(place, end, span, `${name} is true or false by itself and takes no operator`, {
      code: "boolean-operator",
      hint: `write ${negative ? "not " : ""}${name}`,
    });
  }

  #operatorMissing(left: Reader, at: number): undefined {
    // Before `&&` the engine sees its bitwise operator.
    if (this.#text.startsWith("&&", at)) {
      if (left.type !== "Int") return this.#unsupported(left.type, { start: at, end: at + 2 }, at);
      this.report("expected-integer", { start: at + 1, end: at + 2 }, "expected an integer after &", {
        engine: "expected digit",
        at: at + 1,
      });
      return;
    }
    const name = this.#text.slice(left.node.span.start, left.node.span.end);
    this.report(
      "expected-operator",
      { start: at, end: at },
      `${name} is ${article(left.type)} and needs to be compared with something`,
      {
        engine: "expected ComparisonOp",
        at,
        hint: isScalar(left.type)
          ? "add an operator and a value, such as eq …"
          : "compare its elements: any(array[*] eq …)",
      },
    );
  }

  #unsupported(type: Type, span: Span, at: number, message = `this cannot be done with ${article(type)}`): undefined {
    const elements = typeof type !== "string" && isScalar(type.of);
    this.report("operator-type", span, message, {
      engine: `cannot perform this operation on type ${debugType(type)}`,
      at,
      ...(elements && { hint: "compare its elements: any(array[*] eq …)" }),
    });
  }

  #test(
    operator: NonNullable<Comparison["operator"]>["name"],
    type: "Int" | "Bytes" | "Ip",
    right: Right,
    place: Place,
  ): Test | undefined {
    switch (operator) {
      case "in":
        if (right.kind === "list") {
          this.lists.push({ what: right.name, span: right.span });
          return { kind: "list", name: right.name };
        }
        return right.kind === "items" ? this.#items(type, right) : undefined;
      case "matches":
        return right.kind === "text" ? this.#regex(right) : undefined;
      case "wildcard":
      case "strict wildcard":
        return right.kind === "text" ? this.#wildcard(right, operator === "strict wildcard") : undefined;
      case "contains": {
        const value = this.#literal("Bytes", right, place, false);
        return value && { kind: "contains", value: String(value.value) };
      }
      case "bitwise_and": {
        if (right.kind === "value") return this.#dynamic(operator, type, right);
        const bits = this.#literal("Int", right, place, true);
        return bits && { kind: "bits", value: bits.value as number | bigint };
      }
      default: {
        if (right.kind === "value") return this.#dynamic(operator, type, right);
        const literal = this.#literal(type, right, place, true);
        if (!literal) return undefined;
        if (type === "Ip") return { kind: "address", operator, value: literal.value as IpRange["first"] };
        return { kind: "order", operator, value: literal.value as string | number | bigint };
      }
    }
  }

  #dynamic(operator: (Test & { kind: "dynamic" })["operator"], type: Type, right: Value): Test | undefined {
    const reader = this.reader(
      right,
      `text is written in quotes: "${this.#text.slice(right.span.start, right.span.end)}"`,
    );
    if (!reader) return undefined;
    const actual = reader.mapped ? arrayOf(reader.type) : reader.type;
    if (sameType(actual, type)) return { kind: "dynamic", operator, right: reader };
    this.report(
      "type-mismatch",
      right.span,
      `both sides must have one type: the left is ${article(type)}, the right ${article(actual)}`,
      {
        engine: mismatch(type, actual),
      },
    );
    return undefined;
  }

  #literal(type: "Int" | "Bytes" | "Ip", right: Right, place: Place, dynamic: boolean): TypedLiteral | undefined {
    if (right.kind === "text" && type === "Bytes") return { kind: "literal", type, value: right.value };
    const start = right.span.start;
    const read: Read<TypedLiteral["value"]> =
      start >= this.#text.length && type === "Bytes"
        ? { ok: false, code: "expected-value", engine: "unrecognised input", at: start, end: start }
        : READ[type](this.#text, start);
    if (right.kind === "token" && read.ok) {
      if (read.end >= right.span.end) return { kind: "literal", type, value: read.value };
      this.#leftover(place, read.end, { start: read.end, end: right.span.end }, `${WANTED[type]} ends before this`, {
        code: "unexpected-input",
        ...(type === "Int" && this.#text[read.end] === "." && { hint: "integers have no fraction" }),
      });
      return undefined;
    }
    const error: ReadError = read.ok
      ? { ok: false, code: "expected-value", engine: "unrecognised input", at: start, end: right.span.end }
      : read;
    const found = right.kind === "broken" ? describe(this.#text, start) : this.#text.slice(start, right.span.end);
    const kind = right.kind === "text" ? `the string ${found}` : found;
    this.report(
      error.code,
      { start, end: Math.max(right.span.end, start + (right.kind === "broken" ? 1 : 0)) },
      `expected ${WANTED[type]}, got ${kind}`,
      {
        engine: error.engine,
        at: error.at,
        ...literalHint(type, right, found, error, dynamic),
      },
    );
    return undefined;
  }

  #items(type: "Int" | "Bytes" | "Ip", node: Items): Test | undefined {
    const before = this.diagnostics.length;
    const texts: string[] = [];
    const integers: IntegerRange[] = [];
    const addresses: IpRange[] = [];
    for (const item of node.items) {
      if (item.kind === "text" && type === "Bytes") texts.push(item.value);
      else if (item.kind === "text") this.#badItem(type, item, item.span.start);
      else
        for (let at = item.span.start; at < item.span.end; ) {
          const next = at;
          if (type === "Bytes")
            at = this.#item(readBytes(this.#text, at), type, item, next, (value) => texts.push(value));
          else if (type === "Int")
            at = this.#item(readIntegerRange(this.#text, at), type, item, next, (value) => integers.push(value));
          else at = this.#item(readIpRange(this.#text, at), type, item, next, (value) => addresses.push(value));
        }
    }
    if (this.diagnostics.length > before) return undefined;
    if (type === "Bytes") return { kind: "texts", values: texts };
    return type === "Int" ? { kind: "integers", ranges: integers } : { kind: "addresses", ranges: addresses };
  }

  /** Keeps one item and answers where the next starts; after a mistake that is the end of the token. */
  #item<T>(read: Read<T>, type: "Int" | "Bytes" | "Ip", token: Token, at: number, keep: (value: T) => void): number {
    if (!read.ok) {
      this.#badItem(type, token, at, read);
      return token.span.end;
    }
    keep(read.value);
    return read.end;
  }

  #badItem(type: "Int" | "Bytes" | "Ip", item: Text | Token, start: number, known?: ReadError): void {
    const read = known ?? READ_ITEM[type](this.#text, start);
    if (read.ok) return;
    const written = this.#text.slice(start, item.span.end);
    this.report(read.code, { start, end: item.span.end }, itemMessage(type, item, written, read), {
      engine: read.engine,
      at: read.at,
      ...itemHint(type, written, read),
    });
  }

  #regex(text: Text): Test | undefined {
    this.regexes.push(text.span);
    // A string that could not be read was reported when it was parsed.
    const compiled = compileRegex(text.value);
    if (compiled.ok) return { kind: "matches", regex: compiled };
    const open = this.#text.indexOf('"', text.span.start) + 1;
    const start = Math.min(patternOffset(this.#text, open, text, compiled.at), text.span.end - 1);
    this.report("bad-regex", { start, end: start + 1 }, `this regular expression is wrong: ${compiled.message}`, {
      engine: `error: ${compiled.message}`,
      at: text.form === "raw" ? text.span.end : open,
      hint: "patterns have the syntax of Rust's regex crate: https://docs.rs/regex/latest/regex/#syntax",
    });
    return undefined;
  }

  #wildcard(text: Text, strict: boolean): Test | undefined {
    const error = wildcardError(text.value);
    if (!error) return { kind: "wildcard", pattern: text.value, strict };
    this.report("bad-wildcard", text.span, error.message, {
      engine: error.engine,
      at: text.span.start,
      hint: error.hint,
    });
    return undefined;
  }

  /** The value of a field or call with its accesses. */
  reader(value: Value, hint?: string): Reader | undefined {
    const source = value.of.kind === "call" ? this.#call(value.of) : this.#field(value.of.name, value.of.span, hint);
    if (!source) return undefined;
    let type: Type = source.kind === "field" ? source.field.type : callType(source);
    let mapped = false;
    for (const access of value.accesses) {
      const fits =
        typeof type !== "string" &&
        (access.kind === "each" || (access.kind === "key" ? type.kind === "Map" : type.kind === "Array"));
      if (!fits || typeof type === "string") {
        const index =
          access.kind === "each"
            ? "MapEach"
            : access.kind === "key"
              ? `MapKey(${JSON.stringify(access.key)})`
              : `ArrayIndex(${access.position})`;
        this.report("bad-access", access.span, accessMessage(access.kind, type), {
          engine: `cannot access index ${index} for type ${debugType(type)}`,
        });
        return undefined;
      }
      type = type.of;
      mapped ||= access.kind === "each";
    }
    return { kind: "reader", source, accesses: value.accesses, type, mapped, node: value };
  }

  #field(name: string, span: Span, hint?: string): FieldSource | undefined {
    const field = this.#schema.fields.get(name);
    if (field) {
      this.fields.push({ what: field, span });
      return { kind: "field", field };
    }
    if (this.diagnostics.length >= MAX_DIAGNOSTICS) return undefined;
    if (this.#schema.functions.has(name) || name === "any" || name === "all") {
      const at = skipSpace(this.#text, span.end);
      this.report("expected-parenthesis", span, `${name} is a function and needs parentheses`, {
        engine: this.#schema.functions.has(name) ? 'expected literal "("' : "unknown identifier",
        at: this.#schema.functions.has(name) ? at : span.start,
      });
      return undefined;
    }
    this.report(
      "unknown-field",
      span,
      UNTYPED_FIELDS.has(name) ? `${name} has no documented type, so that it cannot be checked here` : unknown(name),
      {
        engine: "unknown identifier",
        ...unknownHint(name, didYouMean(name, this.#schema.fields.keys()), hint),
      },
    );
    return undefined;
  }

  #call(call: Call): CallSource | undefined {
    const spec = this.#schema.functions.get(call.name);
    if (!spec) {
      const field = this.#schema.fields.get(call.name);
      const at = skipSpace(this.#text, call.nameSpan.end);
      const meant = didYouMean(call.name, [...this.#schema.functions.keys(), "any", "all"]);
      const shouted = call.name.toLowerCase();
      this.report(
        "unknown-function",
        call.nameSpan,
        field ? `${call.name} is a field, not a function` : `there is no function ${call.name}`,
        {
          engine: field
            ? field.type === "Bool"
              ? "unrecognised input"
              : "expected ComparisonOp"
            : "unknown identifier",
          at: field ? (field.type === "Bool" ? call.nameSpan.end : at) : call.nameSpan.start,
          ...(shouted !== call.name && this.#schema.functions.has(shouted)
            ? { hint: `functions are written in lower case: ${shouted}` }
            : meant && { hint: meant }),
        },
      );
      return undefined;
    }
    this.functions.push({ what: spec, span: call.nameSpan, call: call.span });
    const args: TypedArgument[] = [];
    const most = spec.rest
      ? (spec.atMost ?? Number.POSITIVE_INFINITY)
      : spec.params.length + (spec.optional?.length ?? 0);
    let failed = false;
    for (const [index, argument] of call.arguments.entries()) {
      const typed = this.#argument(argument);
      if (!typed) {
        failed = true;
        continue;
      }
      if (index >= most) {
        this.#argumentCount(spec, argument.span.start, argument.span, most);
        return undefined;
      }
      if (typed.kind === "reader" && typed.mapped && index > 0) {
        this.report("each-in-later-argument", argument.span, "[*] can stand in the first argument of a function only", {
          engine: "invalid use of map each access operator",
        });
        failed = true;
      } else if (!failed && !this.#fits(spec, index, typed, args, argument.span)) failed = true;
      if (paramAt(spec, index).pattern === "regex") this.regexes.push(argument.span);
      args.push(typed);
    }
    if (call.arguments.length < spec.params.length) {
      const close = call.span.end - (this.#text[call.span.end - 1] === ")" ? 1 : 0);
      this.#argumentCount(spec, close, call.span, most);
      return undefined;
    }
    if (failed) return undefined;
    const [first] = args;
    return { kind: "call", spec, arguments: args, mapped: first?.kind === "reader" && first.mapped };
  }

  #argumentCount(spec: FunctionSpec, at: number, span: Span, most: number): void {
    const least = spec.params.length;
    const wanted =
      most === least ? `${least}` : most === Number.POSITIVE_INFINITY ? `at least ${least}` : `${least} to ${most}`;
    this.report("argument-count", span, `${spec.name} takes ${wanted} argument${wanted === "1" ? "" : "s"}`, {
      engine: "invalid number of arguments",
      at,
    });
  }

  #argument(argument: Argument): TypedArgument | undefined {
    switch (argument.kind) {
      case "value":
        return this.reader(argument);
      case "text":
        return { kind: "literal", type: "Bytes", value: argument.value };
      case "token":
        return this.#argumentLiteral(argument, ",");
      default:
        return this.condition(argument, "call");
    }
  }

  /** In a call the type is not known before: an address, else an integer, else bytes. */
  #argumentLiteral(token: Token, follow: string): TypedLiteral | undefined {
    for (const type of ["Ip", "Int", "Bytes"] as const) {
      const read = READ[type](this.#text, token.span.start);
      if (!read.ok) continue;
      if (read.end >= token.span.end) return { kind: "literal", type, value: read.value };
      this.report("unexpected-input", { start: read.end, end: token.span.end }, `${WANTED[type]} ends before this`, {
        engine: `expected literal "${follow}"`,
        at: read.end,
      });
      return undefined;
    }
    this.report("unknown-field", token.span, unknown(token.text), { engine: "unrecognised input" });
    return undefined;
  }

  #fits(
    spec: FunctionSpec,
    index: number,
    typed: TypedArgument,
    before: readonly TypedArgument[],
    span: Span,
  ): boolean {
    const param = paramAt(spec, index);
    const isLiteral = typed.kind === "literal";
    if (param.kind !== "any" && (param.kind === "literal") !== isLiteral) {
      const wanted = param.kind === "literal" ? "a literal, not a field" : "a field or a function, not a literal";
      this.report("argument-kind", span, `argument ${index + 1} of ${spec.name} must be ${wanted}`, {
        engine: `invalid kind of argument #${index}: expected argument of kind ${isLiteral ? "Field" : "Literal"}, but got ${isLiteral ? "Literal" : "Field"}`,
      });
      return false;
    }
    const type = argumentType(typed);
    const accepted = acceptedTypes(spec, index, param, before);
    if (accepted.length > 0 && !accepted.some((one) => accepts(one, type))) {
      const wanted = accepted
        .map((one) => (one === "Array" || one === "Map" ? `any ${one}` : typeName(one)))
        .join(" or ");
      this.report(
        "argument-type",
        span,
        `argument ${index + 1} of ${spec.name} must be ${wanted}, but this is ${article(type)}`,
        {
          engine: `invalid type of argument #${index}: expected value of type ${expectedList(accepted)}, but got ${engineTypeName(type)}`,
          ...(typeof type !== "string" &&
            type.of === "Bytes" &&
            index === 0 && { hint: `apply it to each element: ${spec.name}(array[*])` }),
        },
      );
      return false;
    }
    const refused = isLiteral ? refusal(param, typed) : undefined;
    if (refused) {
      this.report("argument-value", span, `argument ${index + 1} of ${spec.name} is wrong: ${refused}`, {
        engine: `invalid value of argument #${index}: invalid argument: ${JSON.stringify(refused)}`,
      });
      return false;
    }
    return true;
  }

  /** Text that the engine would leave unread after `at`. */
  #leftover(place: Place, at: number, span: Span, message: string, more: { code: string; hint?: string }): void {
    const expected = { top: undefined, group: ")", call: ",", quantifier: ")" }[place];
    this.report(more.code, span, message, {
      engine: expected ? `expected literal "${expected}"` : "unrecognised input",
      at: expected ? skipSpace(this.#text, at) : at,
      ...(more.hint && { hint: more.hint }),
    });
  }

  report(
    code: string,
    span: Span,
    message: string,
    more: { engine: string; at?: number; hint?: string | undefined },
  ): void {
    if (this.diagnostics.length >= MAX_DIAGNOSTICS) return;
    this.diagnostics.push({
      code,
      severity: "error",
      message,
      span: { start: span.start, end: Math.max(span.start, Math.min(span.end, this.#text.length)) },
      ...(more.hint && { hint: more.hint }),
      engine: { message: more.engine, at: more.at ?? span.start },
    });
  }
}

const TEXT_ONLY: ReadonlySet<string> = new Set(["contains", "matches", "wildcard", "strict wildcard"]);
const READ = { Int: readInteger, Bytes: readBytes, Ip: readIp } as const;
const READ_ITEM = { Int: readIntegerRange, Bytes: readBytes, Ip: readIpRange } as const;
