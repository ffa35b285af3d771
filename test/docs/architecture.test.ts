import { existsSync, readdirSync, readFileSync } from "node:fs";
import { expect, test } from "@jest/globals";
import { features as listed } from "../../backend/features.ts";
import { mayImport, sources } from "./arrows.ts";
import { codes, pages, rows, section } from "./markdown.ts";

const PAGE = "ARCHITECTURE.md";
type Files = (file: string) => boolean;

/** The files that declare what is public: those of the features, the list of them, and what is derived from it. */
const isPublic: Files = (file) =>
  /^backend\/(surface\/|surface\.ts$|features\.ts$|[^/]+\/(surface|shapes|constants)\.ts$)/.test(file);

/** The files that a table of the page means by a name: a folder without the folders that have a row of their own. */
function filesOf(name: string, names: readonly string[]): Files {
  if (name === "infra/index.ts") return (file) => /^infra\/[^/]+$/.test(file);
  if (name === "backend/surface.ts") return isPublic;
  const others = names.filter((other) => other !== name && other.startsWith(`${name}/`));
  // it runs in the backend and builds the page
  if (name === "backend/page")
    return (file) => file.startsWith("backend/page/") && file !== "backend/page/index.ts" && !isPublic(file);
  return (file) =>
    file.startsWith(`${name}/`) && !isPublic(file) && !others.some((other) => filesOf(other, names)(file));
}

const FEATURES: readonly string[] = listed.map(({ name }) => `backend/${name}`);

/**
 * The folders that the cell of a folder names: "nothing", "all", "all but `a`", or "`a`, `b`". Among those left out may
 * be "features", or "later features": those after it in `backend/features.ts`.
 */
function named(cell: string, folder: string, others: readonly string[]): readonly string[] {
  if (cell === "nothing") return [];
  if (!cell.startsWith("all")) return codes(cell);
  const later = FEATURES.slice(FEATURES.indexOf(folder) + 1);
  const features = cell.endsWith("later features") ? later : cell.endsWith("features") ? FEATURES : [];
  return others.filter((other) => !codes(cell).includes(other) && !features.includes(other));
}

test.each(["### Between the parts", "### Within the backend"])(
  "H9: %s: the arrows are the configuration's",
  (heading) => {
    const table = rows(section(PAGE, heading)).map(([part = "", cell = ""]) => ({ name: codes(part)[0] ?? "", cell }));
    const names = table.map(({ name }) => name);
    expect(names.length).toBeGreaterThan(8);
    const said: Record<string, readonly string[]> = {};
    const held: Record<string, readonly string[]> = {};
    for (const { name, cell } of table) {
      const others = names.filter((other) => other !== name);
      said[name] = [...named(cell, name, others)].sort();
      held[name] = others.filter((other) => mayImport(filesOf(name, names), filesOf(other, names))).sort();
    }
    expect(said).toEqual(held);
  },
);

/** What a developer whose folder has no row has to do. */
const addRow = (heading: string) => (folder: string) =>
  `add a row for \`${folder}\` to ARCHITECTURE.md, to the table below "${heading}"`;

test("H9: every file belongs to a part, and every folder of the backend has a row", () => {
  const parts = rows(section(PAGE, "### Between the parts")).flatMap(([part = ""]) => codes(part));
  const lost = sources.filter((file) => !parts.some((part) => filesOf(part, parts)(file)));
  expect(lost).toEqual([]);
  const folders = readdirSync("backend", { withFileTypes: true }).filter((entry) => entry.isDirectory());
  const within = rows(section(PAGE, "### Within the backend")).flatMap(([folder = ""]) => codes(folder));
  // backend/deploy has files for servers, and no code
  const withCode = folders.filter(({ name }) => sources.some((file) => file.startsWith(`backend/${name}/`)));
  const missing = withCode.map(({ name }) => `backend/${name}`).filter((name) => !within.includes(name));
  // backend/surface goes with backend/surface.ts
  expect(missing.filter((name) => name !== "backend/surface").map(addRow("### Within the backend"))).toEqual([]);
});

test("H9: files and folders that the page names exist", () => {
  const text = readFileSync(PAGE, "utf8");
  const paths = codes(text).filter((code) => /^[\w.-]+\/[\w./-]*$|^[\w.-]+\.(?:m?ts|md)$/.test(code));
  expect(paths.length).toBeGreaterThan(40);
  const bases = ["", "backend/", "backend/gateway/", "infra/local/", "infra/policy/", "test/"];
  const lost = paths.filter((path) => !path.startsWith("/") && !bases.some((base) => existsSync(base + path)));
  expect(lost).toEqual([]);
  // the picture names files of the gateway
  const picture = /```mermaid\n(.*?)```/s.exec(text)?.[1] ?? "";
  const files = [...picture.matchAll(/[\w/-]+\.ts\b/g)].map(([file]) => file);
  expect(files.length).toBeGreaterThan(3);
  const inPicture = (file: string) => ["backend/", "backend/gateway/"].some((base) => existsSync(base + file));
  expect(files.filter((file) => !inPicture(file))).toEqual([]);
});

test("H9: every folder has its row", () => {
  const named = new Set(rows(section(PAGE, "## The folders")).flatMap(([folder = ""]) => codes(folder)));
  const folders = [...new Set(sources.map((file) => file.split("/")[0] ?? ""))];
  for (const part of ["backend", "infra"])
    for (const entry of readdirSync(part, { withFileTypes: true }))
      if (entry.isDirectory() && `${part}/${entry.name}` !== "backend/surface") folders.push(`${part}/${entry.name}`);
  const missing = folders.map((folder) => `${folder}/`).filter((folder) => !named.has(folder));
  expect(missing.map(addRow("## The folders"))).toEqual([]);
});

test("H1: the glossary is sorted, has each term once, and code or pages use it", () => {
  const terms = rows(section(PAGE, "## Glossary")).map(([term = ""]) => term);
  expect(terms.length).toBeGreaterThan(40);
  expect(terms).toEqual([...new Set(terms)].sort());
  const elsewhere = [...sources, ...pages.filter((page) => page !== PAGE)]
    .filter((file) => !file.startsWith("test/docs/"))
    .map((file) => readFileSync(file, "utf8").toLowerCase())
    .join("\n");
  const unused = terms.filter((term) => {
    // in code a term of two words is one name: `accessToken`
    const pattern = term.replace(" ", "[ _-]?");
    return !new RegExp(`\\b${pattern}`).test(elsewhere);
  });
  expect(unused).toEqual([]);
});
