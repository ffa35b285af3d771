import ts from "typescript";
import { parse, type SourceFile, type TextRange } from "./source-file.ts";

/** Columns of a line. Biome breaks code there, but neither comments nor literals. */
const MAX_COLUMNS = 120;

/** A line that is one word, such as a URL in a comment, or a comment for Biome, which must stay on its line. */
const UNBREAKABLE = /^\s*((\*|\/\/|\/\*\*?) )?(\S+|biome-ignore .*)$/;

/**
 * One message for each line that is too long. A line may be longer because of one regular expression or one string
 * without white space, such as a URL. In a test, any string or template may be the reason: a test's title, or text that
 * a test gives to a program.
 */
export function longLines(file: SourceFile): readonly string[] {
  const lines = linesOf(file.text).filter(
    ({ start, end }) => end - start > MAX_COLUMNS && !UNBREAKABLE.test(file.text.slice(start, end)),
  );
  if (lines.length === 0) return [];
  const literals = file.path.endsWith(".css") ? [] : unbreakableLiterals(file);
  return lines
    .filter((line) => literals.every((literal) => columnsWithout(literal, line) > MAX_COLUMNS))
    .map(({ number, start, end }) => {
      const columns = `the line has ${end - start} columns, and ${MAX_COLUMNS} are allowed`;
      return `${file.path}:${number}: ${columns}: break it; parts of a string are joined with +`;
    });
}

interface Line extends TextRange {
  /** From 1. */
  readonly number: number;
}

function linesOf(text: string): readonly Line[] {
  let start = 0;
  return text.split("\n").map((line, index) => {
    const here = { number: index + 1, start, end: start + line.length };
    start = here.end + 1;
    return here;
  });
}

/** Columns of a line without the part that a literal has in it. */
function columnsWithout(literal: TextRange, line: TextRange): number {
  const shared = Math.max(0, Math.min(literal.end, line.end) - Math.max(literal.start, line.start));
  return line.end - line.start - shared;
}

function unbreakableLiterals(file: SourceFile): readonly TextRange[] {
  const isTest = file.path.startsWith("test/");
  const tree = parse(file);
  const found: TextRange[] = [];
  const visit = (node: ts.Node): void => {
    ts.forEachChild(node, visit);
    const isText = ts.isStringLiteralLike(node) && (isTest || !/\s/.test(node.text));
    if (isText || ts.isRegularExpressionLiteral(node) || (isTest && ts.isTemplateExpression(node)))
      found.push({ start: node.getStart(tree), end: node.end });
  };
  visit(tree);
  return found;
}
