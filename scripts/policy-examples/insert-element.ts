import type ts from "typescript";

/** The text of a file with an element more at the end of an array of its syntax tree. */
export function insertElement(tree: ts.SourceFile, elements: ts.NodeArray<ts.Expression>, element: string): string {
  const { text } = tree;
  const last = elements.at(-1);
  const at = elements.end;
  const comma = last === undefined || elements.hasTrailingComma ? "" : ",";
  const space = last ? spaceBefore(text, last.getStart(tree)) : "";
  return `${text.slice(0, at)}${comma}${space}${element}${text.slice(at)}`;
}

/** Where an element has a line of its own, the next one has too. */
function spaceBefore(text: string, start: number): string {
  const line = text.slice(text.lastIndexOf("\n", start - 1) + 1, start);
  const ending = text.includes("\r\n") ? "\r\n" : "\n";
  return line.trim() === "" ? `${ending}${line}` : " ";
}
