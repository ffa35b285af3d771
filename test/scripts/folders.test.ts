import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "@jest/globals";

const { scripts }: { readonly scripts: Readonly<Record<string, string>> } = JSON.parse(
  readFileSync("package.json", "utf8"),
);
/** The names that `node scripts/run.mjs NAME` gets. */
const commands = Object.values(scripts).map((line) => line.split(" ")[2] ?? "");
/** An empty folder does not count: Git does not have it. */
const entries = (folder: string, kind: "files" | "folders"): readonly string[] =>
  readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isDirectory() === (kind === "folders"))
    .map(({ name }) => name)
    .filter((name) => kind === "files" || readdirSync(join(folder, name)).length > 0);

test("H8: directly in scripts/ are the launcher and one file for each command", () => {
  expect(commands.length).toBeGreaterThan(20);
  const expected = ["run.mjs", ...commands.map((name) => `${name}.ts`)];
  expect(entries("scripts", "files").toSorted()).toEqual(expected.toSorted());
});

test("H8: no folder of scripts/ has the name of a command", () => {
  const folders = entries("scripts", "folders");
  expect(folders.length).toBeGreaterThan(5);
  expect(folders.filter((name) => commands.includes(name))).toEqual([]);
});

test("H8: no file of the Cloudflare on localhost has the name of one of its parts", () => {
  const parts = entries("infra/local", "folders");
  expect(parts).toContain("tunnel");
  const ambiguous = parts.flatMap((part) =>
    entries(`infra/local/${part}`, "files")
      .filter((name) => parts.includes(name.replace(/\.ts$/, "")))
      .map((name) => `${part}/${name}`),
  );
  expect(ambiguous).toEqual([]);
});

test("H8: no file of infra/, cloudflared/ and scripts/ is beside a folder of its name", () => {
  const beside = (folder: string): readonly string[] => {
    const folders = entries(folder, "folders");
    const own = entries(folder, "files").filter((name) => folders.includes(name.replace(/\.m?ts$/, "")));
    return [...own.map((name) => `${folder}/${name}`), ...folders.flatMap((name) => beside(`${folder}/${name}`))];
  };
  expect(["infra", "cloudflared", "scripts"].flatMap(beside)).toEqual([]);
});
