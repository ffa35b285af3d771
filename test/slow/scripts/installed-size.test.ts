import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join, resolve } from "node:path";
import { expect, test } from "@jest/globals";

const ROOT = resolve(import.meta.dirname, "../../..");
const MAX_MB = 450;
const BLOCK = 4096;

/** Files of a package, without those of packages in it, which the lock file lists by themselves. */
function filesOf(folder: string): readonly string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return entry.name === "node_modules" ? [] : filesOf(path);
    return entry.isFile() ? [path] : [];
  });
}

test("O20: npm ci --omit=dev installs less than 450 MB of files, as the README says", () => {
  const { packages }: { packages: Readonly<Record<string, { readonly dev?: boolean }>> } = JSON.parse(
    readFileSync(join(ROOT, "package-lock.json"), "utf8"),
  );
  const installed = Object.entries(packages)
    .filter(([path, { dev }]) => path !== "" && dev !== true && existsSync(join(ROOT, path)))
    .map(([path]) => join(ROOT, path));
  expect(installed.length).toBeGreaterThan(200);
  const files = installed.flatMap(filesOf);
  const megabytes = files.reduce((sum, file) => sum + statSync(file).size, 0) / 1e6;
  const onDisk = (some: readonly string[]) =>
    some.reduce((sum, file) => sum + Math.ceil(statSync(file).size / BLOCK) * BLOCK, 0) / 1e6;
  const run = files.filter((file) => !/\.map$|\.d\.[^/]*ts$/.test(file));
  expect(megabytes).toBeLessThan(MAX_MB);
  expect(onDisk(run)).toBeLessThan(MAX_MB);
  const text = readFileSync(join(ROOT, "README.md"), "utf8").replaceAll("\n", " ");
  const [, all, disk] = /`npm ci --omit=dev` brings (\d+) MB of files, which take (\d+) MB/.exec(text) ?? [];
  const [, rest, command] = /it takes (\d+) MB: `find node_modules ([^`]+)`/.exec(text) ?? [];
  expect(command).toBe("-type f \\( -name '*.map' -o -name '*.d.*ts' \\) -delete");
  for (const [written, measured] of [
    [all, megabytes],
    [disk, onDisk(files)],
    [rest, onDisk(run)],
  ] as const)
    expect(Math.abs(Number(written) - measured)).toBeLessThan(0.05 * measured);
});
