import { readdirSync, readFileSync, statSync } from "node:fs";
import { relative } from "node:path";
import { fileURLToPath } from "node:url";
import type { StoryFile } from "./rules/index.ts";

const PROJECT = fileURLToPath(new URL("../", import.meta.url));
const STORIES = fileURLToPath(new URL("policy/stories/", import.meta.url));
/** Bytes of one story. */
const MAX_BYTES = 4 * 1024 * 1024;

/**
 * Reads the policy's stories, in the order of their names. What is in them is checked where they are run. What looks
 * like a story and cannot be read is one with a `problem`; so is a folder that does not exist. Files that begin with a
 * dot or end with `.md` are no stories.
 */
export function readStories(folder = STORIES): readonly StoryFile[] {
  const nameOf = (path: string) => relative(PROJECT, path).replaceAll("\\", "/");
  let names: readonly string[];
  try {
    names = readdirSync(folder);
  } catch (error) {
    const hint = "bring it back, or, where no story is wanted, make it with an empty file .gitkeep";
    return [
      {
        file: nameOf(folder),
        json: "",
        problem: `the folder of the stories cannot be read: ${reason(error)}; ${hint}`,
      },
    ];
  }
  return names
    .filter((name) => !name.startsWith(".") && !name.endsWith(".md"))
    .toSorted()
    .map((name) => {
      const path = `${folder.replace(/\/$/, "")}/${name}`;
      const file = nameOf(path);
      try {
        const problem = problemOf(name, path);
        return problem === undefined ? { file, json: readFileSync(path, "utf8") } : { file, json: "", problem };
      } catch (error) {
        return { file, json: "", problem: `it cannot be read: ${reason(error)}` };
      }
    });
}

/** Why this is no file with a story. */
function problemOf(name: string, path: string): string | undefined {
  const found = statSync(path);
  if (found.isDirectory())
    return "it is a folder, and stories are read from the folder above only: move its stories up";
  if (!found.isFile()) return "it is no regular file";
  if (!name.endsWith(".json")) return "it is not read, because the name of a story ends with .json: rename it";
  if (found.size > MAX_BYTES) return `it has ${found.size} bytes, more than ${MAX_BYTES}: divide it`;
  return undefined;
}

/** What file systems throw has a code. */
const reason = (error: unknown): string => (error as NodeJS.ErrnoException).code ?? String(error);
