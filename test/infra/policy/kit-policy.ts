/** The policy as it comes with the kit: rules and stories that a site adds, and their number, change nothing here. */
import { notInSurface } from "../../../infra/policy/custom-rules/not-in-surface.ts";
import { plainHttp } from "../../../infra/policy/custom-rules/plain-http.ts";
import { scannerPaths } from "../../../infra/policy/custom-rules/scanner-paths.ts";
import { FOLDERS, type Folder } from "../../../infra/policy/index.ts";
import type { RuleFile } from "../../../infra/policy/rule.ts";
import { readStories } from "../../../infra/stories.ts";
import { isShipped } from "../../../scripts/policy-commands/shipped.ts";

/** Folders with the kit's own custom rules, and others before them: a site may have as many as its plan allows. */
export const foldersWith = (added: readonly RuleFile[] = []): readonly Folder[] =>
  FOLDERS.map((folder) =>
    folder.phase === "http_request_firewall_custom"
      ? { ...folder, files: [...added, scannerPaths, plainHttp, notInSurface] }
      : folder,
  );

export const kitStories = readStories().filter(({ file }) => isShipped(file));
