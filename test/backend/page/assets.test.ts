import { expect, test } from "@jest/globals";
import { loadAssets } from "../../../backend/page/index.ts";
import { assets } from "../../../backend/surface.ts";

const loaded = await loadAssets();
const text = (path: string) => loaded.get(path)!.body.toString();

test("the page's files are exactly those that the surface lists", () => {
  expect([...loaded.keys()].sort()).toEqual([...assets].sort());
});

test("the program is one module that imports nothing more, and holds nothing of the server", () => {
  const program = text("/app.js");
  const names = ["ClientSession", "AdminDialog", "io server disconnect"];
  expect(names.filter((name) => program.includes(name))).toEqual(names);
  expect(program.match(/\bfrom\s*"|\bimport\s*["(]|\brequire\(|node:|process\.env/g)).toBeNull();
  expect(program.length + text("/app.css").length).toBeLessThan(160_000);
  expect([...loaded].map(([path, { contentType }]) => `${path} ${contentType}`).sort()).toEqual([
    "/ text/html; charset=utf-8",
    "/app.css text/css; charset=utf-8",
    "/app.js text/javascript; charset=utf-8",
    "/favicon.svg image/svg+xml",
  ]);
});

test("nothing in the page is inline or comes from elsewhere", () => {
  const html = text("/");
  expect(html).not.toMatch(/<style|\sstyle=|\son\w+=|javascript:/i);
  for (const [, attributes, body] of html.matchAll(/<script([^>]*)>([^<]*)<\/script>/g)) {
    expect(attributes).toContain("src=");
    expect(body).toBe("");
  }
  const references = [...html.matchAll(/\s(?:src|href)="([^"#]*)"/g)].map(([, name]) => name!);
  expect(references.length).toBeGreaterThan(3);
  // each file by what is in it, and no file that the page does not name
  const files = [...loaded].flatMap(([path, { version }]) => (version === undefined ? [] : `${path}?v=${version}`));
  expect([...new Set(references)].sort()).toEqual(files.sort());
  expect(text("/app.css").match(/url\(|@import/g)).toBeNull();
  expect(text("/app.js").match(/innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(/g)).toBeNull();
});

test("every control of the page has a name", () => {
  const html = text("/");
  const ids = [...html.matchAll(/<(?:input|textarea)[^>]*\bid="([^"]+)"/g)].map(([, id]) => id!);
  expect(ids.length).toBeGreaterThan(6);
  for (const id of ids) expect(html).toContain(`<label for="${id}"`);
  for (const [, inside] of html.matchAll(/<button[^>]*>(.*?)<\/button>/gs)) {
    expect(inside!.replace(/<[^>]*>/g, "").trim()).not.toBe("");
  }
  for (const [, name] of html.matchAll(/aria-(?:labelledby|describedby)="([^"]+)"/g))
    expect(html).toContain(`id="${name}"`);
});

test("no place for the parts is left in the page, and each element has its own id", () => {
  const html = text("/");
  expect(html).not.toContain("<!-- parts:");
  const ids = [...html.matchAll(/\sid="([^"]+)"/g)].map(([, id]) => id);
  expect(ids.length).toBeGreaterThan(40);
  expect(ids).toEqual([...new Set(ids)]);
});
