import { existsSync, readdirSync, readFileSync } from "node:fs";
import { relative } from "node:path";
import { fileURLToPath } from "node:url";
import {
  FOLDERS,
  LISTS_FOLDER,
  type Plan,
  type Policy,
  policyFor,
  type Site,
  type WrittenFile,
} from "./policy/index.ts";

const PROJECT = fileURLToPath(new URL("../", import.meta.url));

/** Reads the files of rules and lists, also those that no `index.ts` names, in the order of their names. */
export function readPolicyFiles(project = PROJECT): readonly WrittenFile[] {
  return [...FOLDERS.map(({ folder }) => folder), LISTS_FOLDER].flatMap((folder) => {
    const path = `${project}/${folder}`;
    if (!existsSync(path)) return [];
    return readdirSync(path, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile() && /^[^.].*\.[cm]?[jt]sx?$/.test(entry.name))
      .map(({ parentPath, name }) => `${parentPath}/${name}`)
      .sort()
      .map((file) => ({ file: relative(project, file).replaceAll("\\", "/"), text: readFileSync(file, "utf8") }));
  });
}

/** The policy of a site on a plan, compared with the files of its folders. */
export const readPolicy = (site: Site, plan: Plan): Policy =>
  policyFor(site, plan, undefined, undefined, undefined, readPolicyFiles());
