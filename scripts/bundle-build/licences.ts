import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join, sep } from "node:path";
import { CommandError } from "../command-line/index.ts";
import { ROOT } from "./facts.ts";

/** A package that a bundle has a part of. */
interface Package {
  readonly name: string;
  readonly version: string;
  /** By SPDX. */
  readonly licence: string;
  readonly author: string;
  readonly folder: string;
}

const RULE = "=".repeat(80);

/**
 * The licences of all that is in a bundle and is not the project's own, as one text.
 *
 * @param sources absolute paths of the files that the bundle was made of
 * @param notices licence comments in these files
 * @throws CommandError for a package without a licence
 */
export function licencesOf(sources: readonly string[], notices: readonly string[]): string {
  const folders = [...new Set(sources.flatMap((source) => packageFolder(source) ?? []))];
  const packages = folders.map(readPackage).sort((a, b) => a.name.localeCompare(b.name));
  const data = [...new Set(sources)].filter((source) => existsSync(`${source}.LICENSE`));
  const parts = [
    "This bundle has parts of the packages and data below. Each is followed by its licence.",
    ...packages.map((each) => `${each.name} ${each.version} (${each.licence})\n\n${textOf(each)}`),
    ...data.map((source) => `${source.slice(ROOT.length + 1)}\n\n${read(`${source}.LICENSE`)}`),
    ...(notices.length > 0 ? [`Licence comments in the sources of these packages\n\n${notices.join("\n\n")}`] : []),
  ];
  return `${parts.join(`\n\n${RULE}\n`)}\n`;
}

/** The folder of the package that a file is in; undefined for a file of the project. */
function packageFolder(file: string): string | undefined {
  const names = file.split(sep);
  const at = names.lastIndexOf("node_modules");
  if (at === -1) return undefined;
  return names.slice(0, at + (names[at + 1]?.startsWith("@") ? 3 : 2)).join(sep);
}

function readPackage(folder: string): Package {
  const { name, version, license, author }: Readonly<Record<string, unknown>> = JSON.parse(
    readFileSync(join(folder, "package.json"), "utf8"),
  );
  if (typeof name !== "string" || typeof version !== "string" || typeof license !== "string") {
    throw new CommandError(`The bundle would have parts of ${folder}, whose package.json names no licence.`);
  }
  const person = typeof author === "object" && author !== null && "name" in author ? author.name : author;
  return {
    name,
    version,
    licence: license,
    author: typeof person === "string" ? person : `the authors of ${name}`,
    folder,
  };
}

/** Some packages have their licence in a file, some in the last section of their README, and some name it only. */
function textOf({ name, licence, author, folder }: Package): string {
  const names = readdirSync(folder);
  const files = names.filter((file) => /^(licen[cs]e|copying|notice)\b/i.test(file)).sort();
  if (files.length > 0) return files.map((file) => read(join(folder, file))).join("\n\n");
  const readme = names.find((file) => /^readme\b/i.test(file));
  const section = readme && /^#+ *licen[cs]e\b[^\n]*\n(.*copyright.*)/ims.exec(read(join(folder, readme)))?.[1]?.trim();
  if (section) return section;
  if (licence !== "MIT") {
    throw new CommandError(`The package ${name} (${licence}) has no licence text, which a bundle has to have.`);
  }
  return read(join(ROOT, "LICENSE")).replace(/^Copyright.*$/m, `Copyright (c) ${author}`);
}

const read = (file: string) => readFileSync(file, "utf8").trim();
