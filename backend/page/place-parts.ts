/**
 * Puts the HTML of the page's parts into the page, in place of the lines `<!-- parts: NAME -->`. `files` has the HTML
 * by NAME; a line without HTML is removed. Throws for HTML without a line.
 */
export function placeParts(page: string, files: ReadonlyMap<string, string>): string {
  const unplaced = new Set(files.keys());
  const html = page.replace(/^ *<!-- parts: ([\w-]+) -->\n/gm, (_comment, name: string) => {
    unplaced.delete(name);
    return files.get(name) ?? "";
  });
  const [missing] = unplaced;
  if (missing === undefined) return html;
  throw new Error(
    `A part of the page has the file ${missing}.html, and index.html has no place for it. Rename the file, or add ` +
      `the line <!-- parts: ${missing} --> to index.html.`,
  );
}
