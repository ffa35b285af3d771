/**
 * Puts the HTML of the page's parts into the places of the page, `<!-- parts: NAME -->` on a line of its own. `files`
 * has the HTML by the name of its place; a place without any is removed. Throws for HTML without a place.
 */
export function placeParts(page: string, files: ReadonlyMap<string, string>): string {
  const left = new Set(files.keys());
  const html = page.replace(/^ *<!-- parts: ([\w-]+) -->\n/gm, (_comment, name: string) => {
    left.delete(name);
    return files.get(name) ?? "";
  });
  const [lost] = left;
  if (lost === undefined) return html;
  throw new Error(
    `A part of the page has the file ${lost}.html, and index.html has no place for it. Rename the file, or add ` +
      `the line <!-- parts: ${lost} --> to index.html.`,
  );
}
