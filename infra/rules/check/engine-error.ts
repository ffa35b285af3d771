/**
 * The error of Cloudflare's engine for a text that it refuses. It reads from left to right, checks types while it
 * reads, and stops at the first error (https://github.com/cloudflare/wirefilter, engine/src/ast). Its error can
 * therefore be another one than the most helpful. This reader has no tree and no second error; the parser and the
 * checker find the helpful ones.
 */
import { fromBytes } from "../bytes.ts";
import { isNameArgument, LOGICAL_OPERATORS, MAX_DEPTH, OPERATORS, skipSpace } from "../language/parse.ts";
import {
  type LiteralResult,
  readBytes,
  readInteger,
  readIntegerRange,
  readIp,
  readIpRange,
  readPattern,
  readQuoted,
  readRaw,
} from "../language/read-literal.ts";
import { trimmed } from "../language/white-space.ts";
import { wildcardError } from "../language/wildcard.ts";
import type { FunctionSpec } from "../schema/functions.ts";
import type { LanguageSchema } from "../schema/schema.ts";
import {
  arrayOf,
  engineTypeName,
  isArrayOfBool,
  isScalar,
  type ScalarType,
  sameType,
  type Type,
} from "../schema/type.ts";
import { acceptedTypes, accepts, expectedList, literalProblem, paramAt, returnType } from "./arguments.ts";
import { compilePattern } from "./pattern.ts";
import type { TypedLiteral } from "./typed.ts";
import { accessIndex, debugType, mismatch } from "./words.ts";

/** The engine's words, and the offset in the text that it points at. */
export interface EngineError {
  readonly message: string;
  readonly at: number;
}

/** The engine's error for a condition, or for a `value`: a field or a call; undefined where it accepts the text. */
export function engineErrorOf(
  text: string,
  schema: LanguageSchema,
  form: "condition" | "value",
  maxDepth: number = MAX_DEPTH,
): EngineError | undefined {
  const { start, end } = trimmed(text);
  const reader = new EngineReader(text.slice(0, end), schema, maxDepth);
  try {
    if (form === "condition") reader.root(start);
    else reader.valueRoot(start);
    return undefined;
  } catch (error) {
    if (error instanceof EngineRefusal) return { message: error.message, at: error.at };
    throw error;
  }
}

class EngineRefusal extends Error {
  readonly at: number;

  constructor(message: string, at: number) {
    super(message);
    this.at = at;
  }
}

/** Something that was read, its type, and where it ends. */
interface Typed {
  readonly type: Type;
  readonly end: number;
}

/** A field or call with its accesses; `type` is that of one element where `[*]` maps it. */
interface Indexed extends Typed {
  readonly mapped: boolean;
}

interface IndexedArgument extends Indexed {
  readonly literal?: TypedLiteral;
}

interface Lookahead {
  /** How tight the operator binds, from 1; 0 where none follows. */
  readonly precedence: number;
  readonly at: number;
}

const PRECEDENCE = { or: 1, xor: 2, and: 3 } as const;
const UNREAD = "unrecognised input";
const BOOLS = arrayOf("Bool");
const WORD = /[A-Za-z0-9_]/;

class EngineReader {
  readonly #text: string;
  readonly #schema: LanguageSchema;
  readonly #maxDepth: number;

  constructor(text: string, schema: LanguageSchema, maxDepth: number) {
    this.#text = text;
    this.#schema = schema;
    this.#maxDepth = maxDepth;
  }

  root(at: number): void {
    const { type, end } = this.#logical(at, 0);
    if (type !== "Bool") refuse(mismatch("Bool", type), end);
    this.#complete(end);
  }

  valueRoot(at: number): void {
    this.#complete(this.#indexed(at, 0).end);
  }

  #complete(at: number): void {
    if (at < this.#text.length) refuse(UNREAD, at);
  }

  #nest(depth: number, at: number): number {
    if (depth >= this.#maxDepth) refuse(`maximum nesting depth exceeded (limit: ${this.#maxDepth})`, at);
    return depth + 1;
  }

  #expect(literal: string, at: number): number {
    if (!this.#text.startsWith(literal, at)) refuse(`expected literal ${JSON.stringify(literal)}`, at);
    return at + literal.length;
  }

  #skip(at: number): number {
    return skipSpace(this.#text, at);
  }

  #logical(at: number, depth: number): Typed {
    const first = this.#simple(at, depth);
    return this.#joined(first, depth, 0, this.#lookahead(first.end));
  }

  /** The operands after the first, by precedence climbing; the types are compared after each. */
  #joined(first: Typed, depth: number, least: number, from: Lookahead): Typed {
    let lookahead = from;
    while (lookahead.precedence > 0) {
      const { precedence } = lookahead;
      let right = this.#simple(lookahead.at, depth);
      for (;;) {
        lookahead = this.#lookahead(right.end);
        if (lookahead.precedence <= precedence) break;
        right = this.#joined(right, depth, lookahead.precedence, lookahead);
      }
      const isArray = (type: Type): boolean => typeof type !== "string" && type.kind === "Array";
      if (!(first.type === "Bool" && right.type === "Bool") && !(isArray(first.type) && isArray(right.type)))
        refuse(mismatch(first.type, right.type), lookahead.at);
      if (lookahead.precedence < least) lookahead = { precedence: 0, at: right.end };
    }
    return { type: first.type, end: lookahead.at };
  }

  #lookahead(at: number): Lookahead {
    const space = this.#skip(at);
    for (const [written, operator] of LOGICAL_OPERATORS)
      if (this.#text.startsWith(written, space))
        return { precedence: PRECEDENCE[operator], at: this.#skip(space + written.length) };
    return { precedence: 0, at };
  }

  #simple(at: number, depth: number): Typed {
    if (this.#text[at] === "(") {
      const { type, end } = this.#logical(this.#skip(at + 1), this.#nest(depth, at));
      return { type, end: this.#expect(")", this.#skip(end)) };
    }
    const not = this.#notEnd(at);
    if (not) return this.#simple(this.#skip(not), this.#nest(depth, at));
    const open = this.#quantifierOpen(at);
    if (open === undefined) return this.#comparison(this.#indexed(at, depth), depth);
    const inner = this.#nest(depth, open);
    const from = this.#skip(open + 1);
    const argument = this.#argument(from, inner);
    if (!isArrayOfBool(argument.type)) refuse(mismatch(BOOLS, argument.type), from);
    return { type: "Bool", end: this.#expect(")", this.#skip(argument.end)) };
  }

  #notEnd(at: number): number | undefined {
    return this.#text.startsWith("not", at) ? at + 3 : this.#text[at] === "!" ? at + 1 : undefined;
  }

  /** Place of the parenthesis after `any` or `all`. */
  #quantifierOpen(at: number): number | undefined {
    if (!this.#text.startsWith("any", at) && !this.#text.startsWith("all", at)) return undefined;
    const open = this.#skip(at + 3);
    return this.#text[open] === "(" ? open : undefined;
  }

  #indexed(at: number, depth: number): Indexed {
    let { type, end } = this.#identifier(at, depth);
    let mapped = false;
    while (this.#text[end] === "[") {
      const { access, end: after } = this.#access(this.#skip(end + 1));
      const close = this.#expect("]", this.#skip(after));
      const fits =
        typeof type !== "string" && (access.kind === "each" || type.kind === (access.kind === "key" ? "Map" : "Array"));
      if (!fits || typeof type === "string")
        refuse(`cannot access index ${accessIndex(access)} for type ${debugType(type)}`, end);
      type = type.of;
      mapped ||= access.kind === "each";
      end = close;
    }
    return { type, mapped, end };
  }

  #identifier(at: number, depth: number): Typed {
    let end = at;
    for (;;) {
      const part = end;
      while (WORD.test(this.#text.charAt(end))) end += 1;
      if (end === part) refuse("expected identifier character", end);
      if (this.#text[end] !== ".") break;
      end += 1;
    }
    const name = this.#text.slice(at, end);
    const field = this.#schema.fields.get(name);
    if (field) return { type: field.type, end };
    const spec = this.#schema.functions.get(name);
    if (!spec) refuse("unknown identifier", at);
    const open = this.#skip(end);
    return this.#call(spec, open, this.#nest(depth, open));
  }

  #access(at: number): { readonly access: AccessKind; readonly end: number } {
    if (this.#text[at] === "*") return { access: { kind: "each" }, end: at + 1 };
    if (this.#text[at] === '"') {
      const { value, end } = need(readQuoted(this.#text, at));
      const key = fromBytes(value);
      if (key === undefined) refuse('expected literal "expected utf8 string"', at);
      return { access: { kind: "key", key: value }, end };
    }
    const read = readInteger(this.#text, at);
    if (!read.ok) refuse('expected literal "expected quoted utf8 string or positive integer"', at);
    if (read.value < 0 || read.value >= 2 ** 32) refuse('expected literal "expected positive integer as index"', at);
    return { access: { kind: "position", position: Number(read.value) }, end: read.end };
  }

  #call(spec: FunctionSpec, open: number, depth: number): Typed {
    const maxCount = spec.rest ? Number.POSITIVE_INFINITY : spec.params.length + (spec.optional?.length ?? 0);
    const types: Type[] = [];
    let mapped = false;
    let at = this.#skip(this.#expect("(", open));
    while (at < this.#text.length && this.#text[at] !== ")") {
      if (types.length > 0) at = this.#expect(",", at);
      at = this.#skip(at);
      const argument = this.#argument(at, depth);
      if (argument.mapped && types.length > 0) refuse("invalid use of map each access operator", at);
      if (types.length >= Math.min(maxCount, spec.maxArguments ?? maxCount)) refuse("invalid number of arguments", at);
      this.#fits(spec, types, argument, at);
      mapped ||= argument.mapped;
      types.push(argument.type);
      at = this.#skip(argument.end);
    }
    if (types.length < spec.params.length) refuse("invalid number of arguments", at);
    const type = returnType(spec, types);
    return { type: mapped ? arrayOf(type) : type, end: this.#expect(")", at) };
  }

  #fits(spec: FunctionSpec, before: readonly Type[], { type, literal }: IndexedArgument, at: number): void {
    const index = before.length;
    const param = paramAt(spec, index);
    const [wanted, got] = literal ? ["Field", "Literal"] : ["Literal", "Field"];
    if (param.kind !== "any" && (param.kind === "literal") !== (literal !== undefined))
      refuse(`invalid kind of argument #${index}: expected argument of kind ${wanted}, but got ${got}`, at);
    const accepted = acceptedTypes(spec, index, param, before[0]);
    if (accepted.length > 0 && !accepted.some((one) => accepts(one, type))) {
      const expected = expectedList(accepted);
      refuse(
        `invalid type of argument #${index}: expected value of type ${expected}, but got ${engineTypeName(type)}`,
        at,
      );
    }
    const why = literal && literalProblem(param, literal);
    if (why) refuse(`invalid value of argument #${index}: invalid argument: ${JSON.stringify(why)}`, at);
  }

  #argument(at: number, depth: number): IndexedArgument {
    const text = this.#text;
    const next = text[at] ?? "";
    if (next === '"') return literalOf("Bytes", need(readQuoted(text, at)));
    if (next === "r" && (text[at + 1] === '"' || text[at + 1] === "#"))
      return literalOf("Bytes", need(readRaw(text, at)));
    if (next === "(" || this.#notEnd(at) || this.#quantifierOpen(at) !== undefined)
      return { ...this.#logical(at, depth), mapped: false };
    if (isNameArgument(text, at)) return this.#indexedArgument(this.#indexed(at, depth), depth);
    // It may be a name or a literal: what the engine finds wrong with the name is forgotten.
    const named = this.#tried(() => this.#indexed(at, depth));
    if (named) return this.#indexedArgument(named, depth);
    const ip = readIp(text, at);
    if (ip.ok) return literalOf("Ip", ip);
    const integer = readInteger(text, at);
    if (integer.ok) return literalOf("Int", integer);
    const bytes = readBytes(text, at);
    return bytes.ok ? literalOf("Bytes", bytes) : refuse(UNREAD, at);
  }

  #indexedArgument(left: Indexed, depth: number): IndexedArgument {
    if (!this.#operatorAt(this.#skip(left.end))) return left;
    return { ...this.#comparison(left, depth), mapped: false };
  }

  #tried<T>(read: () => T): T | undefined {
    try {
      return read();
    } catch (error) {
      if (error instanceof EngineRefusal) return undefined;
      throw error;
    }
  }

  #operatorAt(at: number): (typeof OPERATORS)[number] | undefined {
    return OPERATORS.find(([written]) => this.#text.startsWith(written, at));
  }

  #comparison(left: Indexed, depth: number): Typed {
    const { type, mapped, end } = left;
    if (type === "Bool") return { type: mapped ? BOOLS : type, end };
    if (typeof type !== "string" && type.of === "Bool") {
      if (mapped) refuse(unsupported(arrayOf(BOOLS)), end);
      return { type, end };
    }
    const at = this.#skip(end);
    const [written, operator] = this.#operatorAt(at) ?? refuse("expected ComparisonOp", at);
    const right = this.#skip(at + written.length);
    const result = (after: number): Typed => ({ type: mapped ? BOOLS : "Bool", end: after });
    const isText = ["contains", "matches", "wildcard", "strict wildcard"].includes(operator);
    const fits = operator === "bitwise_and" ? type === "Int" : isText ? type === "Bytes" : isScalar(type);
    if (!fits || !isScalar(type)) refuse(unsupported(type), at);
    switch (operator) {
      case "in":
        return result(this.#text[right] === "$" ? this.#listEnd(right + 1) : this.#setEnd(right, type));
      case "matches":
        return result(this.#regexEnd(right));
      case "wildcard":
      case "strict wildcard": {
        const { value, end: after } = this.#quotedOrRaw(right);
        const error = wildcardError(value);
        if (error) refuse(error.engine, right);
        return result(after);
      }
      case "contains":
        return result(this.#literal("Bytes", right).end);
      default:
        return result(this.#rightEnd(right, type, depth));
    }
  }

  /** A literal of the left side's type, else a field or call of that type. */
  #rightEnd(at: number, type: ScalarType, depth: number): number {
    const isNamed = /[A-Za-z_]/.test(this.#text.charAt(at));
    const literal = this.#tried(() => this.#literal(type, at));
    if (literal && (type !== "Int" || !isNamed)) return literal.end;
    // What is no name at all is wrong as a literal.
    if (!isNamed || !this.#isKnownName(at)) return this.#literal(type, at).end;
    const right = this.#indexed(at, depth);
    const actual = right.mapped ? arrayOf(right.type) : right.type;
    if (!sameType(actual, type)) refuse(mismatch(type, actual), at);
    return right.end;
  }

  #isKnownName(at: number): boolean {
    const name = /[A-Za-z0-9_.]*/y;
    name.lastIndex = at;
    const written = name.exec(this.#text)?.[0] ?? "";
    return this.#schema.fields.has(written) || this.#schema.functions.has(written);
  }

  #literal(type: ScalarType, at: number): { readonly end: number } {
    if (type === "Int") return need(readInteger(this.#text, at));
    if (type === "Ip") return need(readIp(this.#text, at));
    const next = this.#text[at];
    if (next === '"' || next === "r") return this.#quotedOrRaw(at);
    return next === undefined ? refuse(UNREAD, at) : need(readBytes(this.#text, at));
  }

  #quotedOrRaw(at: number): { readonly value: string; readonly end: number } {
    if (this.#text[at] === '"') return need(readQuoted(this.#text, at));
    if (this.#text[at] === "r") return need(readRaw(this.#text, at));
    return refuse(at < this.#text.length ? 'expected " or r' : UNREAD, at);
  }

  #setEnd(open: number, type: ScalarType): number {
    let at = this.#skip(this.#expect("{", open));
    while (this.#text[at] !== "}") {
      const item =
        type === "Bytes"
          ? this.#literal("Bytes", at)
          : type === "Int"
            ? need(readIntegerRange(this.#text, at))
            : need(readIpRange(this.#text, at));
      at = this.#skip(item.end);
    }
    return at + 1;
  }

  #listEnd(at: number): number {
    let end = at;
    while (/[a-z0-9_.]/.test(this.#text.charAt(end))) end += 1;
    const name = this.#text.slice(at, end);
    if (name === "" || name.startsWith(".") || name.endsWith("."))
      refuse(`invalid list name ${JSON.stringify(name || this.#text.charAt(at))}`, at);
    return end;
  }

  #regexEnd(at: number): number {
    const isRaw = this.#text[at] === "r";
    const { value, end } = isRaw || this.#text[at] !== '"' ? this.#quotedOrRaw(at) : need(readPattern(this.#text, at));
    const compiled = compilePattern(value);
    if (compiled && !compiled.ok) refuse(`error: ${compiled.message}`, isRaw ? end : at + 1);
    return end;
  }
}

type AccessKind =
  | { readonly kind: "each" }
  | { readonly kind: "key"; readonly key: string }
  | { readonly kind: "position"; readonly position: number };

function refuse(message: string, at: number): never {
  throw new EngineRefusal(message, at);
}

function need<T>(read: LiteralResult<T>): { readonly value: T; readonly end: number } {
  return read.ok ? read : refuse(read.engine, read.at);
}

function literalOf(
  type: ScalarType,
  { value, end }: { readonly value: TypedLiteral["value"]; readonly end: number },
): IndexedArgument {
  return { type, mapped: false, end, literal: { kind: "literal", type, value } };
}

function unsupported(type: Type): string {
  return `cannot perform this operation on type ${debugType(type)}`;
}
