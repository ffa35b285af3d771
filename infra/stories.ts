import { existsSync, readdirSync, readFileSync } from "node:fs";
import { relative } from "node:path";
import { fileURLToPath } from "node:url";
import type { StoryFile } from "./rules/index.ts";

const PROJECT = fileURLToPath(new URL("../", import.meta.url));
const STORIES = fileURLToPath(new URL("policy/stories/", import.meta.url));

/** Reads the policy's stories, in the order of their names. What is in them is checked where they are run. */
export function readStories(folder = STORIES): readonly StoryFile[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .filter((name) => name.endsWith(".json"))
    .sort()
    .map((name) => ({ file: relative(PROJECT, `${folder}/${name}`), json: readFileSync(`${folder}/${name}`, "utf8") }));
}
