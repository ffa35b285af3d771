import { expect, test } from "@jest/globals";
import { assets } from "../../../backend/surface.ts";
import { loadAssets } from "../../../backend/web/index.ts";

const loaded = await loadAssets();
const text = (path: string) => loaded.get(path)!.body.toString();

test("the page's files are exactly those that the surface lists", () => {
  expect([...loaded.keys()].sort()).toEqual([...assets].sort());
});

test("every module is JavaScript that imports only what is served", () => {
  for (const path of [...loaded.keys()].filter((name) => name.endsWith(".js"))) {
    const imports = [...text(path).matchAll(/\b(?:from|import)\s*"([^"]+)"/g)].map(([, name]) => name!);
    for (const name of imports) expect(loaded.has(name.replace(/^\.\//, "/"))).toBe(true);
    expect(text(path)).not.toMatch(/^import type|\.ts"/m);
    expect(loaded.get(path)!.contentType).toBe("text/javascript; charset=utf-8");
  }
});

test("nothing in the page is inline or comes from elsewhere", () => {
  const html = text("/");
  expect(html).not.toMatch(/<style|\sstyle=|\son\w+=|javascript:/i);
  for (const [, attributes, body] of html.matchAll(/<script([^>]*)>([^<]*)<\/script>/g)) {
    expect(attributes).toContain("src=");
    expect(body).toBe("");
  }
  const references = [...html.matchAll(/\s(?:src|href)="([^"]*)"/g)].map(([, name]) => name!);
  expect(references.length).toBeGreaterThan(3);
  for (const name of references) expect([name, loaded.has(name)]).toEqual([name, true]);
  expect(text("/app.css")).not.toMatch(/url\(|@import/);
  for (const path of [...loaded.keys()].filter((name) => name.endsWith(".js") && name !== "/socket.io.js")) {
    expect(text(path)).not.toMatch(/innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(/);
  }
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
