/** What the steps of a rehearsal use: the real Pulumi CLI, the operator's commands, and connectors. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import type { LocalApi, PermissionGroup } from "../../infra/local/api/index.ts";
import type { Edge } from "../../infra/local/edge/index.ts";
import { parseState, type StateResource } from "../pulumi-cli/stack-state.ts";
import type { PulumiRun } from "../pulumi-cli/workspace.ts";
import { stopConnectors } from "../stack-connectors/local-connectors.ts";
import { tokenFile } from "../stack-connectors/token-file.ts";
import { answerCommandLine, type CommandPlace, runCommandLine } from "./commands.ts";
import { startConnector, stopChild } from "./connectors.ts";
import { type RehearsedSite, STACK, startRehearsedSite } from "./site.ts";

/** What the API token of a stack must be allowed, zone settings and Access included; the README lists the same. */
const PERMISSIONS: readonly PermissionGroup[] = [
  "Zone Read",
  "Zone Settings Write",
  "DNS Write",
  "Zone WAF Write",
  "Dynamic URL Redirects Write",
  "Cache Settings Write",
  "Account Filter Lists Edit",
  "Cloudflare Tunnel Write",
  "Access: Apps and Policies Write",
  "Access: Service Tokens Write",
  "Access: Organizations, Identity Providers, and Groups Read",
];

/** `program` is the file of the Pulumi CLI; `env` says where its plugins are (PULUMI_HOME). */
export async function openStage(program: string, env: NodeJS.ProcessEnv = process.env): Promise<Stage> {
  const folder = mkdtempSync(join(tmpdir(), "causeway-rehearsal-"));
  const running = new AsyncDisposableStack();
  running.defer(() => rmSync(folder, { recursive: true, force: true }));
  try {
    const stage = new Stage(program, await startRehearsedSite(program, env, folder, running), running);
    await stage.pulumiOk("stack", "init", STACK);
    await stage.replaceApiToken();
    return stage;
  } catch (error) {
    await running.disposeAsync();
    throw error;
  }
}

/** The stack of a rehearsal with its servers, and everything that a step can do with it. */
export class Stage {
  readonly api: LocalApi;
  readonly edge: Edge;
  /** The Cloudflare provider that the CLI uses. */
  readonly provider: string;
  /** Where the stack's token is, as in `.data/STACK`. */
  readonly folder: string;
  readonly #program: string;
  readonly #site: RehearsedSite;
  readonly #running: AsyncDisposableStack;
  /** Connectors that other machines would run. */
  readonly #elsewhere: ChildProcess[] = [];
  #apiToken: string | undefined;

  /** `running` ends what the stage runs on; the stage adds its connectors. */
  constructor(program: string, site: RehearsedSite, running: AsyncDisposableStack) {
    this.api = site.api;
    this.edge = site.edge;
    this.provider = site.provider.name;
    this.folder = join(site.dataDir, STACK);
    this.#program = program;
    this.#site = site;
    this.#running = running;
    running.defer(async () => {
      await stopConnectors(tokenFile(this.folder));
    });
    running.defer(async () => {
      for (const child of this.#elsewhere) await stopChild(child);
    });
  }

  /** Runs `npm run NAME -- --stack rehearsal ARGS`, without a terminal. */
  operate(name: string, ...args: string[]): Promise<PulumiRun> {
    return this.api.run(name, () => runCommandLine(this.#place(), [name, "--stack", STACK, ...args]));
  }

  /** The same; a code other than 0 is an error with what the command wrote. */
  async operateOk(name: string, ...args: string[]): Promise<PulumiRun> {
    return succeeded(`npm run ${name}`, await this.operate(name, ...args));
  }

  /** Runs it on a terminal, where there can be one, and types the answer to the question. */
  answer(name: string, question: RegExp, answer: string): Promise<PulumiRun> {
    return this.api.run(name, () => answerCommandLine(this.#place(), [name, "--stack", STACK], question, answer));
  }

  /** Runs the CLI. A run that deletes what it has just written is an error. */
  pulumi(...args: string[]): Promise<PulumiRun> {
    return this.api.run(`pulumi ${args.join(" ")}`, () => this.#site.workspace.run(...args));
  }

  /** The same; a code other than 0 is an error with what the CLI wrote. */
  async pulumiOk(...args: string[]): Promise<PulumiRun> {
    return succeeded(`pulumi ${args.join(" ")}`, await this.pulumi(...args));
  }

  /** Runs the CLI and kills it (SIGKILL) once the API has received a call that matches. */
  killAt(method: string, path: RegExp, ...args: string[]): Promise<void> {
    const from = this.api.journal.length;
    const isReached = () => this.api.journal.slice(from).some((call) => call.method === method && path.test(call.path));
    return this.api.run("a run that is killed", () => killWhen(isReached, this.#program, args, this.#place()));
  }

  /** Every resource in the stack's state. */
  async state(): Promise<readonly StateResource[]> {
    const file = join(this.#site.workspace.dir, "exported.json");
    await this.pulumiOk("stack", "export", "--file", file);
    return parseState(readFileSync(file, "utf8")).resources;
  }

  /** A call of the API as an operator makes it by hand. @throws Error where it is refused */
  byHand(method: string, path: string, body?: object): Promise<unknown> {
    return callApi(this.api, method, path, body);
  }

  /** Puts a new API token into the configuration and revokes the one before. */
  async replaceApiToken(): Promise<void> {
    const before = this.#apiToken;
    this.#apiToken = this.api.issueToken(PERMISSIONS);
    succeeded("pulumi config set", await this.#site.workspace.setSecret("cloudflare:apiToken", this.#apiToken));
    if (before !== undefined) this.api.revokeToken(before);
  }

  /**
   * Starts one more connector, as `npm run connector`, and waits until it is ready. @throws Error with what it wrote
   */
  async connect(tokenFile: string): Promise<void> {
    await startConnector({ TUNNEL_TOKEN_FILE: tokenFile }, this.#site.tunnel);
  }

  /** Starts a connector as another machine does: this one has no record of it. */
  async connectElsewhere(token: string): Promise<void> {
    this.#elsewhere.push(await startConnector({ TUNNEL_TOKEN: token }, this.#site.tunnel));
  }

  async close(): Promise<void> {
    await this.#running.disposeAsync();
  }

  #place(): CommandPlace {
    const { dir, environment } = this.#site.workspace;
    return { cwd: dir, env: environment };
  }
}

function succeeded(command: string, run: PulumiRun): PulumiRun {
  if (run.code !== 0) throw new Error(`${command} ended with ${run.code}:\n${run.text.trim()}`);
  return run;
}

/** Milliseconds between two checks of the journal. */
const POLL_MS = 5;

/** Runs the CLI and kills it once `isReached`. @throws Error where the run ends before */
async function killWhen(
  isReached: () => boolean,
  program: string,
  args: readonly string[],
  place: CommandPlace,
): Promise<void> {
  const child = spawn(program, [...args, "--non-interactive"], { ...place, stdio: "ignore" });
  const ended = once(child, "close");
  while (!isReached()) {
    if (child.exitCode !== null) throw new Error(`the run ended with ${child.exitCode} before it was killed`);
    await delay(POLL_MS);
  }
  child.kill("SIGKILL");
  await ended;
}

async function callApi(api: LocalApi, method: string, path: string, body?: object): Promise<unknown> {
  const response = await fetch(`${api.url}${path}`, {
    method,
    headers: { authorization: `Bearer ${api.token}`, "content-type": "application/json" },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const envelope =
    response.status === 204 ? { success: true } : ((await response.json()) as { success: boolean; result?: unknown });
  if (!envelope.success)
    throw new Error(`${method} ${path} got status ${response.status}: ${JSON.stringify(envelope)}`);
  return envelope.result;
}
