import ts from "typescript";
import { lineOf, parse, type SourceFile } from "./source-file.ts";

interface TypeDefinition {
  readonly name: string;
  readonly isExported: boolean;
  /** `path:line` */
  readonly place: string;
}

/**
 * One line for each exported type whose name another type has too. Types are interfaces, type aliases, classes and
 * enums. Two types that are not exported may share a name: neither is visible in another file.
 */
export function duplicateTypeNames(files: readonly SourceFile[]): readonly string[] {
  const definitions = Map.groupBy(files.flatMap(typeDefinitions), ({ name }) => name);
  return [...definitions].flatMap(([name, [first, ...others]]) => {
    if (first === undefined || others.length === 0 || ![first, ...others].some(({ isExported }) => isExported))
      return [];
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
    const isExported = ts.getModifiers(node)?.some(({ kind }) => kind === ts.SyntaxKind.ExportKeyword) ?? false;
    // declarations of one name in one file are parts of one type, or inside functions
    if (isExported || !found.has(name)) found.set(name, { name, isExported, place });
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
