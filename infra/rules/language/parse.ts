/**
 * Text to tree, by recursive descent without a lexer, after wirefilter's grammar
 * (https://developers.cloudflare.com/ruleset-engine/rules-language/). It has no table of fields. It goes on after a
 * mistake, so that several are found at once; what could not be read becomes a `broken` node.
 */
import { fromBytes } from "../bytes.ts";
import type { Diagnostic, DiagnosticCode, Span } from "../diagnostic.ts";
import type {
  Argument,
  Call,
  Comparison,
  ElementAccess,
  Expression,
  Items,
  LogicalOperator,
  Operator,
  Right,
  Text,
  Token,
  ValueExpression,
} from "./ast.ts";
import { describe } from "./describe.ts";
import {
  type LiteralResult,
  readBytes,
  readInteger,
  readIp,
  readIpRange,
  readPattern,
  readQuoted,
  readRaw,
} from "./read-literal.ts";
import { trimmed } from "./white-space.ts";

/** How deep parentheses, `not`, quantifiers and calls may nest. */
export const MAX_DEPTH = 128;

export type Parsed =
  | { readonly ok: true; readonly tree: Expression }
  | { readonly ok: false; readonly diagnostics: readonly Diagnostic[] };

/** The tree of an expression, or everything that keeps it from being one. */
export function parse(text: string, options: { readonly maxDepth?: number } = {}): Parsed {
  const { tree, diagnostics } = parseTolerantly(text, options);
  return diagnostics.length === 0 ? { ok: true, tree } : { ok: false, diagnostics };
}

/** The tree as far as it could be read, with what could not. */
export function parseTolerantly(
  text: string,
  options: { readonly maxDepth?: number } = {},
): { readonly tree: Expression; readonly diagnostics: readonly Diagnostic[] } {
  const parser = new ExpressionParser(text, options.maxDepth ?? MAX_DEPTH);
  return { tree: parser.parse(), diagnostics: parser.diagnostics };
}

/** Where the language's own white space ends: space, carriage return and line feed, but no tab. */
export function skipSpace(text: string, at: number): number {
  let next = at;
  while (text[next] === " " || text[next] === "\n" || text[next] === "\r") next += 1;
  return next;
}

/** The logical operator that starts at an offset; operators have no word boundary. */
function logicalOperatorAt(
  text: string,
  at: number,
): { readonly operator: LogicalOperator; readonly end: number } | undefined {
  for (const [written, operator] of LOGICAL_OPERATORS)
    if (text.startsWith(written, at)) return { operator, end: at + written.length };
  return undefined;
}

/** The logical operators as they can be written, in the engine's order. */
export const LOGICAL_OPERATORS: readonly (readonly [written: string, LogicalOperator])[] = [
  ["or", "or"],
  ["||", "or"],
  ["xor", "xor"],
  ["^^", "xor"],
  ["and", "and"],
  ["&&", "and"],
];

/** The comparison operators as they can be written, in the engine's order. */
export const OPERATORS: readonly (readonly [written: string, Operator])[] = [
  ["in", "in"],
  ["eq", "eq"],
  ["==", "eq"],
  ["ne", "ne"],
  ["!=", "ne"],
  ["ge", "ge"],
  [">=", "ge"],
  ["le", "le"],
  ["<=", "le"],
  ["gt", "gt"],
  [">", "gt"],
  ["lt", "lt"],
  ["<", "lt"],
  ["&", "bitwise_and"],
  ["bitwise_and", "bitwise_and"],
  ["contains", "contains"],
  ["~", "matches"],
  ["matches", "matches"],
  ["wildcard", "wildcard"],
  ["strict wildcard", "strict wildcard"],
];

/** What must follow an expression, by its place. */
type ExpressionPosition = "top" | "group" | "call" | "quantifier";

/** Most mistakes that are reported of one expression. */
export const MAX_DIAGNOSTICS = 50;

/** Ends the reading; what is wrong is reported. */
class Stop extends Error {}

const WORD = /[A-Za-z0-9_]/;
const LITERAL = /[0-9A-Za-z_:./+-]/;
const QUANTIFIER = /(any|all)[ \r\n]*\(/y;

class ExpressionParser {
  readonly diagnostics: Diagnostic[] = [];
  /** The text without the white space at its end, of any kind; that at its start is skipped. */
  readonly #text: string;
  readonly #maxDepth: number;
  #at: number;
  #depth = 0;

  constructor(text: string, maxDepth: number) {
    const { start, end } = trimmed(text);
    this.#text = text.slice(0, end);
    this.#maxDepth = maxDepth;
    this.#at = start;
  }

  parse(): Expression {
    const start = this.#at;
    try {
      return this.#logical("top");
    } catch (error) {
      if (!(error instanceof Stop)) throw error;
      return { kind: "broken", span: { start, end: this.#text.length } };
    }
  }

  /** Operands joined by operators, up to what closes the place. */
  #logical(place: ExpressionPosition): Expression {
    const operands = [this.#simple()];
    const operators: LogicalOperator[] = [];
    for (;;) {
      const space = skipSpace(this.#text, this.#at);
      const found = logicalOperatorAt(this.#text, space);
      if (found) {
        operators.push(found.operator);
        this.#at = skipSpace(this.#text, found.end);
        operands.push(this.#simple());
      } else if (this.#closes(place, space)) {
        return join(operands, operators);
      } else {
        this.#surplus(place, space);
        if (!logicalOperatorAt(this.#text, skipSpace(this.#text, this.#at))) return join(operands, operators);
      }
    }
  }

  #closes(place: ExpressionPosition, at: number): boolean {
    if (at >= this.#text.length) return true;
    const next = this.#text[at];
    return (place !== "top" && next === ")") || (place === "call" && next === ",");
  }

  /** Text where an operator or the end should be. */
  #surplus(place: ExpressionPosition, at: number): void {
    const word = /^[A-Za-z_]+/.exec(this.#text.slice(at, at + 16))?.[0];
    const found = describe(this.#text, at);
    this.#error("unexpected-input", at, this.#runEnd(at), `did not expect ${found} here`, this.#hintFor(at, word));
    this.#recover(place);
  }

  #hintFor(at: number, word?: string): string | undefined {
    const next = this.#text[at];
    const lower = word?.toLowerCase();
    if (next === "\t") return "a tab is not white space in an expression; use spaces";
    if (next === "#" || this.#text.startsWith("//", at) || this.#text.startsWith("/*", at))
      return "expressions have no comments; put it in the rule's description";
    if (next === "|" || next === "^") return `write ${next}${next} for the logical operator`;
    if (next === ")") return "there is no parenthesis open that this one closes";
    if (next === "=") return this.#text[at + 1] === "~" ? "write matches or ~" : "write eq or == to compare";
    if (next === "!") return "write ne or != to compare, and not before the whole comparison";
    if (lower === "starts_with" || lower === "ends_with") return `${lower} is a function: ${lower}(field, "text")`;
    if (lower === "not") return "write not before the whole comparison: not x contains y";
    if (lower === "strict") return "strict wildcard is written with exactly one space";
    return word && operatorHint(word);
  }

  /** Goes on to the next logical operator or closing character of this level. */
  #recover(place: ExpressionPosition): void {
    const text = this.#text;
    let open = 0;
    while (this.#at < text.length) {
      const next = text[this.#at];
      if (open === 0 && (this.#closes(place, this.#at) || this.#operatorWordAt(this.#at))) return;
      if (next === '"') {
        this.#at = stringEnd(text, this.#at);
        continue;
      }
      if (next === "(" || next === "{") open += 1;
      else if ((next === ")" || next === "}") && open > 0) open -= 1;
      this.#at += 1;
    }
  }

  /** Whether there is a logical operator that is written as a word, such as `and`. */
  #operatorWordAt(at: number): boolean {
    const found = logicalOperatorAt(this.#text, at);
    if (!found) return false;
    if (!WORD.test(this.#text[at] ?? "")) return true;
    return !WORD.test(this.#text[at - 1] ?? " ") && !WORD.test(this.#text[found.end] ?? " ");
  }

  #simple(): Expression {
    const start = this.#at;
    if (this.#text[start] === "(") {
      this.#enter(start);
      this.#at = skipSpace(this.#text, start + 1);
      const inner = this.#logical("group");
      this.#close(")");
      this.#depth -= 1;
      return { kind: "group", inner, span: this.#spanFrom(start) };
    }
    const not = this.#text.startsWith("not", start) ? 3 : this.#text[start] === "!" ? 1 : 0;
    if (not > 0) {
      this.#enter(start);
      this.#at = skipSpace(this.#text, start + not);
      const operand = this.#simple();
      this.#depth -= 1;
      return { kind: "not", operand, span: this.#spanFrom(start) };
    }
    const quantifier = this.#quantifierAt(start);
    return quantifier ? this.#quantified(quantifier) : this.#comparison(this.#value());
  }

  #quantifierAt(at: number): "any" | "all" | undefined {
    QUANTIFIER.lastIndex = at;
    return QUANTIFIER.exec(this.#text)?.[1] as "any" | "all" | undefined;
  }

  #quantified(quantifier: "any" | "all"): Expression {
    const start = this.#at;
    this.#enter(start);
    this.#at = skipSpace(this.#text, skipSpace(this.#text, start + 3) + 1);
    const argument = this.#argument("quantifier");
    this.#at = skipSpace(this.#text, this.#at);
    if (this.#text[this.#at] !== ")" && this.#at < this.#text.length) this.#surplusArgument("quantifier");
    this.#close(")");
    this.#depth -= 1;
    return { kind: "quantifier", quantifier, argument, span: this.#spanFrom(start) };
  }

  /** A comparison whose left side is read; without operator it is the left side alone. */
  #comparison(left: ValueExpression | undefined): Expression {
    if (!left) return this.#brokenFrom(this.#at);
    const at = skipSpace(this.#text, this.#at);
    const operator = this.#operatorAt(at);
    if (!operator) return { kind: "comparison", left, span: left.span };
    const named = { name: operator.name, span: { start: at, end: operator.end } };
    this.#at = skipSpace(this.#text, operator.end);
    const right = this.#right(operator.name);
    const comparison: Comparison = {
      kind: "comparison",
      left,
      operator: named,
      right,
      span: { start: left.span.start, end: right.span.end },
    };
    return comparison;
  }

  #operatorAt(at: number): { name: Operator; end: number } | undefined {
    if (this.#text.startsWith("&&", at)) return undefined;
    for (const [written, name] of OPERATORS)
      if (this.#text.startsWith(written, at)) return { name, end: at + written.length };
    return undefined;
  }

  #right(operator: Operator): Right {
    const at = this.#at;
    if (operator === "in") {
      if (this.#text[at] === "$") return this.#list();
      if (this.#text[at] === "{") return this.#items();
      const [name] = /^[a-z0-9_]{1,50}(?![\w.("])/.exec(this.#text.slice(at, at + 51)) ?? [];
      const hint = name === undefined ? "in takes a set: in {…}" : `a list is named with a dollar sign: $${name}`;
      return this.#expected("a set {...} or a list $name", hint);
    }
    if (operator === "matches") {
      if (this.#text[at] === '"') return this.#textFrom("pattern", readPattern(this.#text, at));
      if (this.#text[at] === "r") return this.#textFrom("raw", readRaw(this.#text, at));
      return this.#expected("a pattern in quotes", 'matches takes a quoted pattern: matches "^/a"');
    }
    const isText = this.#stringFormAt(at);
    if (operator === "wildcard" || operator === "strict wildcard") {
      if (isText) return this.#string(isText);
      return this.#expected("a pattern in quotes", `${operator} takes a quoted pattern`);
    }
    if (isText) return this.#string(isText);
    if (this.#startsName(at) && !this.#literalWordAt(at)) return this.#value() ?? this.#brokenFrom(at);
    if (LITERAL.test(this.#text[at] ?? "")) return this.#token();
    if (this.#text[at] === ">" && this.#text[at - 1] === "<") return this.#expected("a value", "write ne or !=");
    return this.#expected("a value", this.#text[at] === "=" ? "write eq or == to compare" : undefined);
  }

  #stringFormAt(at: number): "quoted" | "raw" | undefined {
    if (this.#text[at] === '"') return "quoted";
    return this.#text[at] === "r" && (this.#text[at + 1] === '"' || this.#text[at + 1] === "#") ? "raw" : undefined;
  }

  #string(form: "quoted" | "raw"): Text {
    return this.#textFrom(form, form === "raw" ? readRaw(this.#text, this.#at) : readQuoted(this.#text, this.#at));
  }

  #textFrom(form: Text["form"], read: LiteralResult<string>): Text {
    const start = this.#at;
    if (read.ok) {
      this.#at = read.end;
      return { kind: "text", form, value: read.value, span: this.#spanFrom(start) };
    }
    const unended = read.code === "unterminated-string";
    const message = unended
      ? "this string has no end"
      : read.code === "unknown-escape"
        ? `a string has no escape \\${this.#text[read.at] ?? ""}`
        : `a string cannot be read here: ${read.engine}`;
    this.#error(read.code, unended ? start : read.at, unended ? start + 1 : read.end, message, read.hint);
    this.#at = stringEnd(this.#text, start);
    return { kind: "text", form, value: "", span: this.#spanFrom(start) };
  }

  #startsName(at: number): boolean {
    return /[A-Za-z_]/.test(this.#text[at] ?? "");
  }

  /** Whether what starts with a letter is a bytes literal or address, and ends where a word ends. */
  #literalWordAt(at: number): boolean {
    return [readBytes(this.#text, at), readIp(this.#text, at)].some(
      (read) =>
        read.ok && (!WORD.test(this.#text[read.end] ?? "") || logicalOperatorAt(this.#text, read.end) !== undefined),
    );
  }

  #token(): Token {
    const start = this.#at;
    const text = this.#text;
    let end = start;
    for (const read of [readInteger, readBytes, readIpRange]) {
      const result = read(text, start);
      if (result.ok) end = Math.max(end, result.end);
    }
    // What sticks to a literal belongs to it, so that one mistake is one diagnostic; a glued operator is right, though
    // odd.
    while (LITERAL.test(text[end] ?? "")) {
      if (end > start && logicalOperatorAt(text, end)) break;
      end += 1;
    }
    this.#at = end;
    return { kind: "token", text: text.slice(start, end), span: { start, end } };
  }

  #list(): Right {
    const start = this.#at;
    let end = start + 1;
    while (/[a-z0-9_.]/.test(this.#text[end] ?? "")) end += 1;
    const name = this.#text.slice(start + 1, end);
    this.#at = end;
    if (name !== "" && !name.startsWith(".") && !name.endsWith("."))
      return { kind: "list", name, span: { start, end } };
    this.#at = Math.max(end, this.#runEnd(start + 1));
    this.#error(
      "bad-list-name",
      start,
      this.#at,
      `$${this.#text.slice(start + 1, this.#at)} is not the name of a list`,
      "lists have lower-case names of letters, digits and underscores",
    );
    return this.#brokenFrom(start);
  }

  #items(): Items {
    const start = this.#at;
    const items: (Text | Token)[] = [];
    this.#at += 1;
    for (;;) {
      this.#at = skipSpace(this.#text, this.#at);
      const at = this.#at;
      const next = this.#text[at];
      if (next === "}") break;
      const form = this.#stringFormAt(at);
      if (next === undefined) {
        this.#error("unclosed-set", start, start + 1, "this set has no }");
        return { kind: "items", items, span: this.#spanFrom(start) };
      }
      if (form) items.push(this.#string(form));
      else if (LITERAL.test(next)) {
        while (LITERAL.test(this.#text[this.#at] ?? "")) this.#at += 1;
        items.push({ kind: "token", text: this.#text.slice(at, this.#at), span: this.#spanFrom(at) });
      } else {
        const comma = next === ",";
        this.#at += 1;
        this.#error(
          comma ? "comma-in-set" : "unexpected-input",
          at,
          at + 1,
          comma ? "a set has no commas" : `did not expect ${describe(this.#text, at)} in a set`,
          comma ? "divide the items by spaces: {80 443}" : undefined,
        );
      }
    }
    this.#at += 1;
    return { kind: "items", items, span: this.#spanFrom(start) };
  }

  #value(): ValueExpression | undefined {
    const start = this.#at;
    const name = this.#name();
    if (name === undefined) return undefined;
    const nameSpan = this.#spanFrom(start);
    const open = skipSpace(this.#text, this.#at);
    const of: ValueExpression["of"] =
      this.#text[open] === "(" ? this.#call(name, nameSpan, open) : { kind: "field", name, span: nameSpan };
    const accesses: ElementAccess[] = [];
    while (this.#text[this.#at] === "[") {
      const access = this.#access();
      // Its type would be unknown, and everything after it doubtful.
      if (!access) return undefined;
      accesses.push(access);
    }
    return { kind: "value", of, accesses, span: this.#spanFrom(start) };
  }

  #name(): string | undefined {
    const start = this.#at;
    let at = start;
    for (;;) {
      const part = at;
      while (WORD.test(this.#text[at] ?? "")) at += 1;
      if (at === part) {
        const message =
          at === start
            ? at >= this.#text.length
              ? "expected a field, a function or a parenthesis, but the expression ends here"
              : `expected a field, a function or a parenthesis, found ${describe(this.#text, at)}`
            : "a name does not end with a dot";
        this.#error(at === start ? "expected-operand" : "bad-name", at, at + 1, message, this.#hintFor(at));
        this.#at = at;
        this.#recoverOperand();
        return undefined;
      }
      if (this.#text[at] !== ".") break;
      at += 1;
    }
    this.#at = at;
    return this.#text.slice(start, at);
  }

  /** After a missing operand: to the next operator or any closing character. */
  #recoverOperand(): void {
    if (this.#at >= this.#text.length || this.#text[this.#at] === ")" || this.#text[this.#at] === ",") return;
    this.#recover("call");
  }

  #access(): ElementAccess | undefined {
    const start = this.#at;
    this.#at = skipSpace(this.#text, start + 1);
    const at = this.#at;
    const span = () => ({ start, end: this.#at });
    if (this.#text[at] === "*") {
      this.#at += 1;
      return this.#closeAccess() ? { kind: "each", span: span() } : undefined;
    }
    if (this.#text[at] === '"') {
      const { value } = this.#string("quoted");
      if (fromBytes(value) === undefined) this.#error("bad-index", at, this.#at, "a key is text, not arbitrary bytes");
      return this.#closeAccess() ? { kind: "key", key: value, span: span() } : undefined;
    }
    const read = readInteger(this.#text, at);
    if (read.ok && read.value >= 0 && read.value < 2 ** 32) {
      this.#at = read.end;
      return this.#closeAccess() ? { kind: "position", position: Number(read.value), span: span() } : undefined;
    }
    this.#error(
      "bad-index",
      at,
      this.#runEnd(at),
      "write a key in quotes, a position from 0, or * between [ and ]",
      this.#stringFormAt(at) === "raw" ? 'a raw string cannot be a key; write ["key"]' : undefined,
    );
    this.#leaveAccess();
    return undefined;
  }

  #closeAccess(): boolean {
    this.#at = skipSpace(this.#text, this.#at);
    if (this.#text[this.#at] === "]") {
      this.#at += 1;
      return true;
    }
    this.#error("expected-bracket", this.#at, this.#at + 1, "expected ] here");
    this.#leaveAccess();
    return false;
  }

  /** Behind the comparison that a broken access is in. */
  #leaveAccess(): void {
    const close = this.#text.indexOf("]", this.#at);
    if (close >= 0) this.#at = close + 1;
    this.#recover("call");
  }

  #call(name: string, nameSpan: Span, open: number): Call {
    this.#enter(open);
    this.#at = skipSpace(this.#text, open + 1);
    const args: Argument[] = [];
    while (this.#at < this.#text.length && this.#text[this.#at] !== ")") {
      if (args.length > 0) {
        if (this.#text[this.#at] !== ",") {
          this.#surplusArgument("call");
          continue;
        }
        this.#at = skipSpace(this.#text, this.#at + 1);
      }
      args.push(this.#argument("call"));
      this.#at = skipSpace(this.#text, this.#at);
    }
    this.#close(")");
    this.#depth -= 1;
    return { kind: "call", name, arguments: args, nameSpan, span: this.#spanFrom(nameSpan.start) };
  }

  #argument(place: "call" | "quantifier"): Argument {
    const at = this.#at;
    const form = this.#stringFormAt(at);
    if (form) return this.#string(form);
    const next = this.#text[at] ?? "";
    if (next === "(" || next === "!" || this.#text.startsWith("not", at) || this.#quantifierAt(at))
      return this.#logical(place);
    if (isNameArgument(this.#text, at) || (this.#startsName(at) && !this.#literalWordAt(at))) {
      const value = this.#value();
      if (!value) return this.#brokenFrom(at);
      return this.#operatorAt(skipSpace(this.#text, this.#at)) ? this.#comparison(value) : value;
    }
    if (LITERAL.test(next)) return this.#token();
    const what = next === "" ? "but the expression ends here" : `found ${describe(this.#text, at)}`;
    this.#error("expected-argument", at, at + 1, `expected an argument, ${what}`);
    if (next !== ")" && next !== ",") this.#recover("call");
    return this.#brokenFrom(at);
  }

  /** Something other than a comma or `)` after an argument. */
  #surplusArgument(place: "call" | "quantifier"): void {
    const at = this.#at;
    const joined = logicalOperatorAt(this.#text, at);
    this.#error(
      joined ? "one-comparison" : "unexpected-input",
      at,
      joined ? joined.end : this.#runEnd(at),
      joined
        ? "an argument holds one comparison only"
        : this.#text[at] === ","
          ? "any and all take one argument"
          : `did not expect ${describe(this.#text, at)} here`,
      joined && "put the whole condition into parentheses of its own: any((… or …))",
    );
    this.#at += 1;
    let open = 0;
    for (; this.#at < this.#text.length; this.#at += 1) {
      const next = this.#text[this.#at];
      if (next === '"') {
        this.#at = stringEnd(this.#text, this.#at) - 1;
      } else if (open === 0 && (next === ")" || (next === "," && place === "call"))) return;
      else if (next === "(") open += 1;
      else if (next === ")") open -= 1;
    }
  }

  #expected(what: string, hint?: string): Right {
    const at = this.#at;
    const found = at >= this.#text.length ? "but the expression ends here" : `found ${describe(this.#text, at)}`;
    this.#error("expected-value", at, this.#runEnd(at), `expected ${what}, ${found}`, hint);
    this.#recover("call");
    return this.#brokenFrom(at);
  }

  #close(character: ")"): void {
    this.#at = skipSpace(this.#text, this.#at);
    if (this.#text[this.#at] === character) {
      this.#at += 1;
      return;
    }
    // Whatever else is here was reported by who found it.
    if (this.#at >= this.#text.length)
      this.#error("expected-parenthesis", this.#at, this.#at + 1, "expected ) here, but the expression ends");
  }

  #enter(at: number): void {
    if (this.#depth >= this.#maxDepth) {
      this.#error(
        "nesting-limit",
        at,
        at + 1,
        `parentheses, not, any, all and calls nest at most ${this.#maxDepth} deep`,
      );
      throw new Stop();
    }
    this.#depth += 1;
  }

  #runEnd(at: number): number {
    let end = at;
    while (LITERAL.test(this.#text[end] ?? "")) end += 1;
    return Math.max(end, at + 1);
  }

  #brokenFrom(start: number): { readonly kind: "broken"; readonly span: Span } {
    return { kind: "broken", span: { start, end: Math.max(start, this.#at) } };
  }

  #spanFrom(start: number): Span {
    return { start, end: this.#at };
  }

  #error(code: DiagnosticCode, start: number, end: number, message: string, hint?: string): void {
    const span = { start, end: Math.max(start, Math.min(end, this.#text.length)) };
    this.diagnostics.push({ code, severity: "error", message, span, ...(hint && { hint }) });
    if (this.diagnostics.length >= MAX_DIAGNOSTICS) throw new Stop();
  }
}

/** What to write instead of a word that is almost an operator: in capitals, or as other languages spell it. */
export function operatorHint(word: string): string | undefined {
  const lower = word.toLowerCase();
  const names = [...OPERATORS, ...LOGICAL_OPERATORS].map(([written]) => written);
  if (lower !== word && [...names, "not"].includes(lower)) return `operators are written in lower case: ${lower}`;
  const meant = OTHER_SPELLINGS[lower];
  if (meant) return `write ${meant}`;
  const near = names.filter((name) => /^[a-z]/.test(name) && isOneEditFrom(lower, name));
  return near.length > 0 ? `did you mean ${near.join(" or ")}?` : undefined;
}

const OTHER_SPELLINGS: Readonly<Record<string, string>> = {
  is: "eq",
  equals: "eq",
  gte: "ge",
  lte: "le",
  neq: "ne",
  like: "contains, wildcard or matches",
  regex: "matches",
  includes: "contains",
};

/** Whether one letter more, less or other makes the two words one. */
function isOneEditFrom(word: string, name: string): boolean {
  if (Math.abs(word.length - name.length) > 1 || (word.length < 3 && name.length < 3)) return false;
  let start = 0;
  while (start < word.length && word[start] === name[start]) start += 1;
  const rest = (text: string, skipped: number): string => text.slice(start + skipped);
  return (
    rest(word, 1) === rest(name, 1) ||
    (word.length > name.length && rest(word, 1) === rest(name, 0)) ||
    (word.length < name.length && rest(word, 0) === rest(name, 1))
  );
}

/**
 * Whether an argument can only be a name: then it has a letter or underscore that no hexadecimal number has among its
 * first characters, at most two of which may come before. So `0x18` is a name, and `61:62` is not.
 */
export function isNameArgument(text: string, at: number): boolean {
  return /[0-9A-Za-z_]{0,2}[G-Zg-z_]/y.test(text.slice(at, at + 3));
}

/** Where a string that is wrong inside probably ends. */
function stringEnd(text: string, start: number): number {
  for (let at = text.indexOf('"', start) + 1; at < text.length; at += 1) {
    if (text[at] === "\\") at += 1;
    else if (text[at] === '"') return at + 1;
  }
  return text.length;
}

/** `and` binds tighter than `xor`, `xor` tighter than `or`; equal operators become one node. */
function join(operands: readonly Expression[], operators: readonly LogicalOperator[]): Expression {
  return split(operands, operators, ["or", "xor", "and"]);
}

function split(
  operands: readonly Expression[],
  operators: readonly LogicalOperator[],
  [operator, ...tighter]: readonly LogicalOperator[],
): Expression {
  const [first] = operands;
  if (operator === undefined || operators.length === 0) return first as Expression;
  const items: Expression[] = [];
  let from = 0;
  for (let at = 0; at <= operators.length; at += 1) {
    if (at < operators.length && operators[at] !== operator) continue;
    items.push(split(operands.slice(from, at + 1), operators.slice(from, at), tighter));
    from = at + 1;
  }
  const [only] = items;
  if (items.length === 1) return only as Expression;
  return {
    kind: "logical",
    operator,
    items,
    span: { start: items[0]?.span.start ?? 0, end: items.at(-1)?.span.end ?? 0 },
  };
}
