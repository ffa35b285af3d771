import ts from "typescript";

/** A file of the project: its path from the project's folder, and its text. */
export interface SourceFile {
  readonly path: string;
  readonly text: string;
}

/** A part of a file's text: `start` is the offset of its first character, `end` the one after its last. */
export interface TextRange {
  readonly start: number;
  readonly end: number;
}

export function parse({ path, text }: SourceFile): ts.SourceFile {
  return ts.createSourceFile(path, text, ts.ScriptTarget.Latest);
}

/** Line of an offset, from 1. */
export function lineOf(tree: ts.SourceFile, offset: number): number {
  return tree.getLineAndCharacterOfPosition(offset).line + 1;
}
