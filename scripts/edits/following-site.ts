import { fileURLToPath } from "node:url";
import { hasColors, messageOf } from "../command-line/index.ts";
import { freePort } from "../local-site/free-port.ts";
import type { BackendStart, LocalSite, RunningBackend } from "../local-site/local-site.ts";
import type { SiteCommand } from "../local-site/run-site.ts";
import { editLines, type What } from "./edit-lines.ts";
import { type Edits, followFiles } from "./edited-files.ts";
import { Redeployment } from "./redeployment.ts";
import { RestartingBackend, type Updated } from "./restarting-backend.ts";
import { runAgain } from "./run-again.ts";
import { checkTypes } from "./type-checks.ts";

const PROJECT = fileURLToPath(new URL("../..", import.meta.url));
/** The port that debuggers look at by themselves (https://nodejs.org/learn/getting-started/debugging). */
const INSPECT_PORT = 9229;
/** Seconds that requests and sockets of a backend have when it is exchanged. */
const DRAIN_SECONDS = "1";

/** What `npm run dev` adds to `npm start`: a backend of its own process, and what follows edits. */
export async function followingSite(inspect: boolean): Promise<Omit<SiteCommand, "plan" | "visitor">> {
  const color = hasColors(process.stdout);
  const tell = (what: What, lines: readonly string[]) => {
    for (const line of editLines(what, lines, { color })) console.log(line);
  };
  const inspectPort = inspect ? await freePort(INSPECT_PORT) : undefined;
  let backend: RestartingBackend | undefined;
  return {
    env: { DRAIN_SECONDS, ...process.env },
    async startBackend({ env, ports, origin, log }: BackendStart): Promise<RunningBackend> {
      backend = await RestartingBackend.start({
        ...{ env, origin, inspectPort, gatewayPort: ports.gateway, versionsPort: ports.reload },
        log: (line) => log.write(line),
        output: (line) => console.log(line),
        onCrash: (code) => tell("BACKEND", [`its process ended (${code}); it starts again after the next edit`]),
      });
      return backend;
    },
    async follow(site) {
      if (backend === undefined) throw new Error("invariant: the backend of this site was started here");
      return followEdits(site, backend, tell);
    },
  };
}

type TellUser = (what: What, lines: readonly string[]) => void;

/** Follows edits of the project. Returns a function that ends it, after what is under way. */
async function followEdits(site: LocalSite, backend: RestartingBackend, tell: TellUser): Promise<() => Promise<void>> {
  const redeployment = new Redeployment(site);
  const deploying = runAgain(async () => tell("POLICY", await redeployment.run()));
  let isBackendEdited = false;
  const updating = runAgain(async () => {
    const restarts = isBackendEdited || !backend.isRunning;
    isBackendEdited = false;
    if (restarts) tell("BACKEND", await updateLines(() => backend.restart(), RESTART));
    else tell("PAGE", await updateLines(() => backend.buildPage(), PAGE_BUILD));
  });
  const onEdits = ({ files, parts }: Edits) => {
    tell("EDITED", [namesOf(files)]);
    if (parts.has("policy")) deploying.request();
    if (parts.has("backend")) isBackendEdited = true;
    if (parts.has("backend") || parts.has("page")) updating.request();
    if (parts.has("command")) tell("EDITED", ["what this command has loaded itself: end it and start it again"]);
  };
  const files = await followFiles(PROJECT, onEdits, (error) => tell("EDITED", [`files are not followed: ${error}`]));
  const types = checkTypes(PROJECT, (lines) => tell("TYPES", lines));
  return async () => {
    await files.close();
    await Promise.all([types.close(), deploying.close(), updating.close()]);
  };
}

/** The words for an update of the backend. */
interface UpdateWords {
  readonly done: string;
  readonly withNewPage: string;
  readonly withSamePage: string;
  readonly failed: string;
}

const RESTART: UpdateWords = {
  done: "restarted",
  withNewPage: "pages reload",
  withSamePage: "pages connect again",
  failed: "not restarted",
};
const PAGE_BUILD: UpdateWords = {
  done: "built",
  withNewPage: "open pages reload",
  withSamePage: "it is the same as before",
  failed: "not built, the page before stays",
};

/** Updates the backend, and says what happened. */
async function updateLines(update: () => Promise<Updated>, words: UpdateWords): Promise<readonly string[]> {
  const beganAt = performance.now();
  try {
    const { isPageNew } = await update();
    const seconds = ((performance.now() - beganAt) / 1000).toFixed(1);
    return [`${words.done} in ${seconds} s; ${isPageNew ? words.withNewPage : words.withSamePage}`];
  } catch (error) {
    return [`${words.failed}; correct this and save it:`, ...messageOf(error).split("\n")];
  }
}

/** Maximum number of edited files that are named. */
const MAX_NAMED = 4;

function namesOf(files: readonly string[]): string {
  const more = files.length - MAX_NAMED;
  return `${files.slice(0, MAX_NAMED).join(", ")}${more > 0 ? ` and ${more} more` : ""}`;
}
