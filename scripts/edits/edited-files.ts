import { relative, sep } from "node:path";
import { watch } from "chokidar";

/** What an edit changes: `policy`, `backend`, its `page` alone, or only the next `npm run dev` (`command`). */
export type EditedPart = "policy" | "backend" | "page" | "command";

/** Folders and files that are followed, from the project's folder. */
const FOLLOWED = ["backend", "infra", "cloudflared", "scripts", "package.json"];
/** Files of the backend that the rules are derived from. */
const SURFACE = /^backend\/(?:surface\/|surface\.ts$|features\.ts$|[^/]+\/(?:surface|shapes|constants)\.ts$)/;
/** Files of the page's folder that the backend loads as modules: they build the page. */
const PAGE_BUILDER = /^backend\/page\/(?:index|place-parts)\.ts$/;
/** Files that no program reads: of editors, hidden ones, and pages for readers. */
const IGNORED = /(?:^|\/)(?:\.|#|node_modules(?:\/|$)|\d+$)|(?:~|\.md|\.sw[a-z]|\.tmp|\.bak|\.orig)$/;

/** The parts that a file belongs to; none for a file that no program reads. `path` is from the project's folder. */
export function partsOf(path: string): readonly EditedPart[] {
  if (IGNORED.test(path)) return [];
  if (/^(?:infra\/local|cloudflared|scripts)\/|^package\.json$/.test(path)) return ["command"];
  if (path.startsWith("infra/")) return ["policy"];
  if (!path.startsWith("backend/")) return [];
  if (path.startsWith("backend/page/") && !SURFACE.test(path) && !PAGE_BUILDER.test(path)) return ["page"];
  return SURFACE.test(path) ? ["policy", "backend"] : ["backend"];
}

/** Milliseconds without an edit after which a batch of edits is reported: editors write a file in several steps. */
const QUIET_MS = 100;
/** Milliseconds after which a batch is reported although edits go on. */
const MAX_BATCH_MS = 2_000;

/** Edits that came together. */
export interface Edits {
  /** Paths from the project's folder, with slashes. */
  readonly files: readonly string[];
  readonly parts: ReadonlySet<EditedPart>;
}

/**
 * Follows the files of a project until `close` is called. Resolves when no edit is missed any more.
 *
 * @param onError gets what the system reports, for example that it allows no more watched files
 */
export async function followFiles(
  project: string,
  onEdits: (edits: Edits) => void,
  onError: (error: unknown) => void,
): Promise<{ close(): Promise<void> }> {
  /** What was edited, and whether it was not there before. */
  const files = new Map<string, boolean>();
  let firstAt = 0;
  let timer: NodeJS.Timeout | undefined;
  const nameOf = (path: string) => relative(project, path).split(sep).join("/");
  const reportEdits = () => {
    const names = [...files.keys()].sort();
    files.clear();
    if (names.length > 0) onEdits({ files: names, parts: new Set(names.flatMap(partsOf)) });
  };
  const watcher = watch(FOLLOWED, {
    cwd: project,
    ignoreInitial: true,
    ignored: (path) => IGNORED.test(nameOf(path)),
  });
  watcher.on("error", onError).on("all", (event, path) => {
    const file = path.split(sep).join("/");
    if (event.endsWith("Dir") || partsOf(file).length === 0) return;
    if (files.size === 0) firstAt = performance.now();
    // an editor writes into another file first, and then gives it the name of the one that was edited
    if (event === "unlink" && files.get(file) === true) files.delete(file);
    else if (!files.has(file)) files.set(file, event === "add");
    clearTimeout(timer);
    timer = setTimeout(reportEdits, Math.max(0, Math.min(QUIET_MS, firstAt + MAX_BATCH_MS - performance.now())));
  });
  await new Promise<void>((resolve) => watcher.once("ready", resolve));
  return {
    async close() {
      clearTimeout(timer);
      await watcher.close();
    },
  };
}
