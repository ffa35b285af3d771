import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { addToList } from "./add-to-list.ts";
import type { ProjectChanges } from "./changes.ts";
import { formatTexts } from "./format.ts";
import { fillTemplate, nameRefusal, readName } from "./names.ts";

export const CUSTOM_RULES = "infra/policy/custom-rules";
/** The rule that blocks every request for which the backend has no endpoint. New rules are put before it. */
export const LAST_RULE = "notInSurface";

/** A custom rule in a file of its own, with examples, and its line in the folder's list. */
export function newRule(root: string, name: string): ProjectChanges {
  const names = readName(name);
  const files = readdirSync(join(root, CUSTOM_RULES)).map((file) => file.replace(/\.ts$/, ""));
  // `customRules` is the list itself
  if ([...files, "custom-rules"].includes(name)) {
    throw nameRefusal(name, `${CUSTOM_RULES} has something of this name already; choose another`);
  }
  const index = `${CUSTOM_RULES}/index.ts`;
  const list = addToList(index, readFileSync(join(root, index), "utf8"), {
    list: "customRules",
    entry: names.camel,
    imports: { [names.camel]: `./${names.kebab}.ts` },
    before: LAST_RULE,
  });
  const template = readFileSync(new URL("templates/rule.txt", import.meta.url), "utf8");
  return {
    added: formatTexts(root, new Map([[`${CUSTOM_RULES}/${names.kebab}.ts`, fillTemplate(template, names)]])),
    changed: formatTexts(root, new Map([[index, list]])),
  };
}
