/** The process of a backend that `npm run dev` started: loads the program, then does what the site's process orders. */
import { createHash } from "node:crypto";
import inspector from "node:inspector";
import { join } from "node:path";
import { pino } from "pino";
import type { Backend } from "../../backend/main.ts";
import { programErrorMessage } from "../../infra/local/engine/index.ts";
import { messageOf } from "../command-line/index.ts";
import { readBackendConfig } from "../database/backend-config.ts";
import type { BackendOrder, BackendReport } from "./backend-messages.ts";

/** Environment variables of this process, besides the backend's own. */
const { CAUSEWAY_PAGE_VERSIONS: pageVersions, CAUSEWAY_INSPECT_PORT: inspectPort } = process.env;

const report = (message: BackendReport) => process.send?.(message);

// Ctrl-C reaches this process too; the site's process orders when it ends.
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => {});
let backend: Backend | undefined;
// the site's process has ended, in whatever way
process.on("disconnect", () => void end());

const program = await loadProgram();
if (program === undefined) process.disconnect?.();
else process.on("message", (message) => void obey(message as BackendOrder, program));

/** The program that is in the memory of this process. */
interface LoadedProgram {
  start(): Promise<Backend>;
  /** Builds the page as it is on the disk, and serves it. Returns its version. */
  buildPage(): Promise<string>;
}

/** Loads everything that a start needs, so that a mistake shows while the version before runs. */
async function loadProgram(): Promise<LoadedProgram | undefined> {
  try {
    const { loadProgram: load, startBackend } = await import("../../backend/main.ts");
    const { loadAssets } = await import("../../backend/page/index.ts");
    await load();
    let assets = await loadAssets(pageVersions);
    const log = pino.destination({ fd: 1, sync: true });
    report({ kind: "loaded", pageVersion: pageVersionOf(assets) });
    return {
      start: () => startBackend(readBackendConfig(process.env), { log, assets }),
      async buildPage() {
        const built = await loadAssets(pageVersions);
        backend?.replacePage(built);
        assets = built;
        return pageVersionOf(built);
      },
    };
  } catch (error) {
    report({ kind: "problem", message: problemOf(error) });
    return undefined;
  }
}

/** The page names its other files by hashes of their contents. */
function pageVersionOf(assets: Parameters<Backend["replacePage"]>[0]): string {
  const page = assets.get("/")?.body ?? Buffer.of();
  return createHash("sha256").update(page).digest("base64url");
}

async function obey({ order }: BackendOrder, loaded: LoadedProgram): Promise<void> {
  try {
    if (order === "end") await end();
    else if (order === "stop") await stop();
    else if (order === "build page") report({ kind: "page built", pageVersion: await loaded.buildPage() });
    else {
      if (inspectPort !== undefined) inspector.open(Number(inspectPort), "127.0.0.1");
      const started = await loaded.start();
      backend = started;
      void started.failed.then(({ message }) => report({ kind: "failed", message }));
      const { url, setupPath, outbox } = started;
      report({ kind: "started", url, setupPath, outbox });
    }
  } catch (error) {
    if (order === "start") inspector.close(); // for the process of the version that continues
    report({ kind: "problem", message: problemOf(error) });
  }
}

async function stop(): Promise<void> {
  await backend?.stop();
  backend = undefined;
  inspector.close();
  report({ kind: "stopped" });
}

async function end(): Promise<void> {
  await backend?.stop().catch(() => {});
  process.exit(0);
}

/** The message of an error, with file and line where it is a mistake in a file of the project. */
function problemOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { errors } = error as { errors?: unknown };
  if (Array.isArray(errors) && errors.every(isBuildMessage)) return errors.map(buildProblem).join("\n");
  return error.name === "Error" || isBuiltIn(error) ? programErrorMessage(error) : messageOf(error);
}

function isBuiltIn(error: Error): boolean {
  return error.constructor === (globalThis as Record<string, unknown>)[error.name];
}

/** What esbuild says of a mistake in the page (https://esbuild.github.io/api/#build). */
interface BuildMessage {
  readonly text: string;
  /** Its file is named from the page's folder. */
  readonly location: { readonly file: string; readonly line: number } | null;
}

function isBuildMessage(value: { text?: unknown } | null): value is BuildMessage {
  return typeof value?.text === "string";
}

function buildProblem({ location, text }: BuildMessage): string {
  if (location === null) return text;
  return `${join("backend/page", location.file).replaceAll("\\", "/")}:${location.line}: ${text}`;
}
