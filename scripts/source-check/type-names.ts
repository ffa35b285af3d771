import ts from "typescript";
import { lineOf, parse, type SourceFile } from "./source-file.ts";

interface TypeDefinition {
  readonly name: string;
  /** `path:line` */
  readonly place: string;
}

/**
 * One line for each type whose name a type of another file has too, exported or not: a reader meets both. Types are
 * interfaces, type aliases, classes and enums.
 */
export function duplicateTypeNames(files: readonly SourceFile[]): readonly string[] {
  const definitions = Map.groupBy(files.flatMap(typeDefinitions), ({ name }) => name);
  return [...definitions].flatMap(([name, [first, ...others]]) => {
    if (first === undefined) return [];
    return others.map(
      ({ place }) =>
        `${place}: the type ${name} is defined at ${first.place} too: ` +
        "give one of them a name that says how it differs, or import it",
    );
  });
}

function typeDefinitions(file: SourceFile): readonly TypeDefinition[] {
  const tree = parse(file);
  const found = new Map<string, TypeDefinition>();
  const visit = (node: ts.Node): void => {
    ts.forEachChild(node, visit);
    if (!isTypeDefinition(node) || node.name === undefined) return;
    const name = node.name.text;
    const place = `${file.path}:${lineOf(tree, node.name.getStart(tree))}`;
    // declarations of one name in one file are parts of one type, or inside functions
    if (!found.has(name)) found.set(name, { name, place });
  };
  visit(tree);
  return [...found.values()];
}

type TypeDeclaration = ts.InterfaceDeclaration | ts.TypeAliasDeclaration | ts.ClassDeclaration | ts.EnumDeclaration;

function isTypeDefinition(node: ts.Node): node is TypeDeclaration {
  return (
    ts.isInterfaceDeclaration(node) ||
    ts.isTypeAliasDeclaration(node) ||
    ts.isClassDeclaration(node) ||
    ts.isEnumDeclaration(node)
  );
}
