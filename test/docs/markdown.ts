/** Reads what tests check in the project's pages. */
import { readFileSync } from "node:fs";
import { files } from "./files.ts";

/** Paths of all pages, from the root. */
export const pages: readonly string[] = files.filter((path) => path.endsWith(".md"));

/** A page without its code blocks, in which nothing is a link or a heading. */
const prose = (text: string): string => text.replaceAll(/^( *)```.*?^\1```$/gms, "");

/**
 * The part of a page below a heading, up to the next heading of the same level or above. Throws without such a
 * heading.
 */
export function section(page: string, heading: string): string {
  const text = readFileSync(page, "utf8");
  const level = heading.indexOf(" ");
  const start = text.indexOf(`\n${heading}\n`);
  if (start < 0) throw new Error(`${page} has no heading "${heading}"`);
  const rest = text.slice(start + heading.length + 2);
  const end = rest.search(new RegExp(`^#{1,${level}} `, "m"));
  return end < 0 ? rest : rest.slice(0, end);
}

/** Rows of the first table in a text, without its head: the texts of their cells. */
export function rows(text: string): readonly (readonly string[])[] {
  const lines = text.split("\n").map((line) => line.trim());
  const first = lines.findIndex((line) => line.startsWith("|"));
  const after = lines.slice(first);
  const end = after.findIndex((line) => !line.startsWith("|"));
  const cells = (line: string) =>
    line
      .split(/(?<!\\)\|/)
      .slice(1, -1)
      .map((cell) => cell.trim());
  return after.slice(2, end < 0 ? undefined : end).map(cells);
}

/** The texts in backticks, outside of code blocks. */
export const codes = (text: string): readonly string[] =>
  [...prose(text).matchAll(/`([^`]+)`/g)].map(([, code = ""]) => code);

/** Targets of a page's links, without those to other sites. */
export function links(page: string): readonly string[] {
  const found = prose(readFileSync(page, "utf8")).matchAll(/\]\(([^()\s]+)\)/g);
  return [...found].map(([, target = ""]) => target).filter((target) => !/^[a-z]+:/.test(target));
}

/** Anchors that GitHub gives the headings of a page. */
export function anchors(page: string): ReadonlySet<string> {
  const headings = prose(readFileSync(page, "utf8")).matchAll(/^#{1,6} (.+)$/gm);
  return new Set(
    [...headings].map(([, title = ""]) =>
      title
        .toLowerCase()
        .replaceAll(/[^\p{L}\p{N}\s_-]/gu, "")
        .replaceAll(" ", "-"),
    ),
  );
}
