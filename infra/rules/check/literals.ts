import type { Items, Right, Text, Token } from "../language/ast.ts";
import { describe } from "../language/describe.ts";
import type { IpRange } from "../language/ip-address.ts";
import {
  type IntegerRange,
  type LiteralResult,
  type ReadError,
  readBytes,
  readInteger,
  readIntegerRange,
  readIp,
  readIpRange,
} from "../language/read-literal.ts";
import type { ScalarType } from "../schema/type.ts";
import type { Checker } from "./checker.ts";
import type { Test, TypedLiteral } from "./typed.ts";
import { itemHint, itemMessage, literalHint, unknown, WANTED } from "./words.ts";

const READ = { Int: readInteger, Bytes: readBytes, Ip: readIp } as const;
const READ_ITEM = { Int: readIntegerRange, Bytes: readBytes, Ip: readIpRange } as const;

/** Checks the literal right of an operator. */
export function checkLiteral(
  checker: Checker,
  type: ScalarType,
  right: Right,
  dynamic: boolean,
): TypedLiteral | undefined {
  if (right.kind === "text" && type === "Bytes") return { kind: "literal", type, value: right.value };
  const start = right.span.start;
  const read: LiteralResult<TypedLiteral["value"]> =
    start >= checker.text.length && type === "Bytes"
      ? { ok: false, code: "expected-value", engine: "unrecognised input", at: start, end: start }
      : READ[type](checker.text, start);
  if (right.kind === "token" && read.ok) {
    if (read.end >= right.span.end) return { kind: "literal", type, value: read.value };
    checker.report(
      "unexpected-input",
      { start: read.end, end: right.span.end },
      `${WANTED[type]} ends before this`,
      type === "Int" && checker.text[read.end] === "." ? "integers have no fraction" : undefined,
    );
    return undefined;
  }
  const error: ReadError = read.ok
    ? { ok: false, code: "expected-value", engine: "unrecognised input", at: start, end: right.span.end }
    : read;
  const found = right.kind === "broken" ? describe(checker.text, start) : checker.text.slice(start, right.span.end);
  const kind = right.kind === "text" ? `the string ${found}` : found;
  checker.report(
    error.code,
    { start, end: Math.max(right.span.end, start + (right.kind === "broken" ? 1 : 0)) },
    `expected ${WANTED[type]}, got ${kind}`,
    literalHint(type, right, found, error, dynamic),
  );
  return undefined;
}

/** Checks the items of a set. */
export function checkSet(checker: Checker, type: ScalarType, node: Items): Test | undefined {
  const before = checker.diagnostics.length;
  const texts: string[] = [];
  const integers: IntegerRange[] = [];
  const addresses: IpRange[] = [];
  for (const item of node.items) {
    if (item.kind === "text" && type === "Bytes") texts.push(item.value);
    else if (item.kind === "text") reportItem(checker, type, item, item.span.start);
    else
      for (let at = item.span.start; at < item.span.end; ) {
        const next = at;
        if (type === "Bytes")
          at = keepItem(checker, readBytes(checker.text, at), type, item, next, (value) => texts.push(value));
        else if (type === "Int")
          at = keepItem(checker, readIntegerRange(checker.text, at), type, item, next, (value) => integers.push(value));
        else at = keepItem(checker, readIpRange(checker.text, at), type, item, next, (value) => addresses.push(value));
      }
  }
  if (checker.diagnostics.length > before) return undefined;
  if (type === "Bytes") return { kind: "texts", values: texts };
  return type === "Int" ? { kind: "integers", ranges: integers } : { kind: "addresses", ranges: addresses };
}

/** Keeps one item and returns the start of the next; after a mistake that is the end of the token. */
function keepItem<T>(
  checker: Checker,
  read: LiteralResult<T>,
  type: ScalarType,
  token: Token,
  at: number,
  keep: (value: T) => void,
): number {
  if (!read.ok) {
    reportItem(checker, type, token, at, read);
    return token.span.end;
  }
  keep(read.value);
  return read.end;
}

function reportItem(checker: Checker, type: ScalarType, item: Text | Token, start: number, known?: ReadError): void {
  const read = known ?? READ_ITEM[type](checker.text, start);
  if (read.ok) return;
  const written = checker.text.slice(start, item.span.end);
  checker.report(
    read.code,
    { start, end: item.span.end },
    itemMessage(type, item, written, read),
    itemHint(type, written, read),
  );
}

/** In a call the type is not known before: an address, else an integer, else bytes. */
export function literalArgument(checker: Checker, token: Token): TypedLiteral | undefined {
  for (const type of ["Ip", "Int", "Bytes"] as const) {
    const read = READ[type](checker.text, token.span.start);
    if (!read.ok) continue;
    if (read.end >= token.span.end) return { kind: "literal", type, value: read.value };
    checker.report("unexpected-input", { start: read.end, end: token.span.end }, `${WANTED[type]} ends before this`);
    return undefined;
  }
  checker.report("unknown-field", token.span, unknown(token.text));
  return undefined;
}
