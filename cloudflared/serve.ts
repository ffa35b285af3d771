import { stat } from "node:fs/promises";
import { setTimeout as delay } from "node:timers/promises";
import { hasConfiguration } from "./configuration.ts";
import { relayMetrics } from "./metrics-relay.ts";
import { ConnectorProblem } from "./problem.ts";
import { type ConnectorRegistration, fingerprint, register, stopOrphans } from "./registry.ts";
import type { LocalEdge, RunningConnector } from "./running-connector.ts";
import { startCloudflared } from "./start.ts";
import { readToken } from "./token.ts";

/** How to serve a tunnel until a signal. */
export interface ServeOptions {
  /** TUNNEL_TOKEN or TUNNEL_TOKEN_FILE, and what `startCloudflared` reads. */
  readonly env: NodeJS.ProcessEnv;
  readonly local?: LocalEdge;
  /** Port of `/ready` and `/metrics` on 127.0.0.1; a free one by default. */
  readonly metricsPort?: number;
  /** Milliseconds that requests in flight have at the end; 30,000 by default. */
  readonly gracePeriodMs?: number;
  /** Stops the connector. */
  readonly signal: AbortSignal;
  /** Milliseconds between two checks of the token's file; 1,000 by default. */
  readonly tokenPollMs?: number;
  /** Takes the line that reports a connector as ready. */
  announce(line: string): void;
  /** Takes all other output, line by line, without the token. */
  log(line: string): void;
}

/**
 * Runs a connector until the signal, and follows the token's file: when its token changes, a connector with the new
 * one is started, and the old one is stopped when the new one is ready. A new token that does not work leaves the old
 * connector running.
 * @returns the problem that ended the connector by itself; undefined after the signal.
 * @throws ConnectorProblem where it does not become ready.
 */
export async function serveTunnel(options: ServeOptions): Promise<ConnectorProblem | undefined> {
  const token = await readToken(options.env);
  const current: CurrentConnector = { connector: undefined, relay: undefined };
  const port = options.metricsPort;
  if (port !== undefined) current.relay = await relayMetrics(port, () => current.connector?.metrics);
  try {
    return await serve(options, token, current);
  } finally {
    await current.relay?.close();
  }
}

/** The connector that runs now, and the server that forwards requests for its readiness. */
interface CurrentConnector {
  connector: RunningConnector | undefined;
  relay: Awaited<ReturnType<typeof relayMetrics>> | undefined;
}

async function serve(
  options: ServeOptions,
  token: string,
  place: CurrentConnector,
): Promise<ConnectorProblem | undefined> {
  const { env, signal, log } = options;
  const file = env.TUNNEL_TOKEN_FILE;
  let connector: RunningConnector;
  try {
    connector = await start(options, token);
  } catch (error) {
    if (signal.aborted && isStopped(error)) return undefined;
    throw error;
  }
  place.connector = connector;
  const stops: Promise<void>[] = [];
  const registration = file ? await tryToRegister(file, connector, token) : undefined;
  // Orphans are stopped now that this connector is ready: before, an orphan may be the only one that serves.
  for (const pid of file ? await stopOrphans(file) : []) {
    log(`connector: stopped cloudflared ${pid}, which a killed connector had left running`);
  }
  announceReady(options, place);

  const over = new AbortController();
  const changes = file
    ? tokenChanges(file, token, { ...options, signal: AbortSignal.any([signal, over.signal]) })
    : undefined;
  const stopped = new Promise<"stop">((resolve) => {
    if (signal.aborted) resolve("stop");
    signal.addEventListener("abort", () => resolve("stop"), { once: true });
  });
  for (let next = changes?.next(); ; ) {
    const event = await Promise.race([stopped, connector.ended, ...(next ? [next] : [])]);
    if (event === "stop") break;
    if (event === undefined || event instanceof ConnectorProblem) {
      over.abort();
      await registration?.remove();
      return event;
    }
    if (event.done) next = undefined;
    else {
      const replacement = await startWithNewToken(options, event.value, registration);
      if (replacement) {
        stops.push(connector.stop());
        connector = replacement;
        place.connector = connector;
        announceReady(options, place);
      }
      next = changes?.next();
    }
  }
  log("stopping: requests in flight may end");
  await registration?.update({ stopping: true }).catch(() => {});
  await Promise.all([...stops, connector.stop()]);
  await registration?.remove();
  return undefined;
}

function start(options: ServeOptions, token: string): Promise<RunningConnector> {
  const { env, local, gracePeriodMs, log, signal } = options;
  return startCloudflared({
    token,
    env,
    log,
    signal,
    ...(local && { local }),
    ...(gracePeriodMs !== undefined && { gracePeriodMs }),
  });
}

/**
 * Registers the connector, so that other commands find it. Undefined where this user may not write into the folder of
 * the token's file, as in a container.
 */
async function tryToRegister(
  file: string,
  connector: RunningConnector,
  token: string,
): Promise<ConnectorRegistration | undefined> {
  const { pid: child, metrics } = connector;
  const state = { pid: process.pid, child, metrics, token: fingerprint(token), stopping: false };
  return await register(file, state).catch(() => undefined);
}

/** Starts a connector with the new token. Undefined where that fails: the old one runs on. */
async function startWithNewToken(
  options: ServeOptions,
  token: string,
  registration: ConnectorRegistration | undefined,
): Promise<RunningConnector | undefined> {
  const { log } = options;
  log("connector: the token's file has another token; starting a connector with it");
  try {
    const connector = await start(options, token);
    await registration?.update({
      child: connector.pid,
      metrics: connector.metrics,
      token: fingerprint(token),
    });
    return connector;
  } catch (error) {
    if (!(error instanceof ConnectorProblem)) throw error;
    if (error.code === "STOPPED") return undefined;
    log(`connector: ${error.message}`);
    log("connector: the connector with the old token runs on");
    await registration?.update({ refused: { token: fingerprint(token), message: error.message } });
    return undefined;
  }
}

/**
 * Yields every new token of the file. A file that is missing or cannot be read is ignored.
 */
async function* tokenChanges(file: string, first: string, options: ServeOptions): AsyncGenerator<string, undefined> {
  const { tokenPollMs = 1_000, signal, log } = options;
  let known = first;
  let version = await fileVersion(file);
  let lastComplaint = "";
  while (!signal.aborted) {
    await delay(tokenPollMs, undefined, { signal, ref: false }).catch(() => {});
    const now = await fileVersion(file);
    if (now === version || now === undefined) continue;
    const token = await readToken({ TUNNEL_TOKEN_FILE: file }).catch((error: unknown) => {
      if (!(error instanceof ConnectorProblem)) throw error;
      if (error.message !== lastComplaint) log(`connector: ${error.message} The connector with the old token runs on.`);
      lastComplaint = error.message;
      return undefined;
    });
    if (token === undefined) continue;
    version = now;
    lastComplaint = "";
    if (token === known) continue;
    known = token;
    yield token;
  }
  return undefined;
}

/** Changes with every write of the file; undefined where there is none. */
async function fileVersion(file: string): Promise<string | undefined> {
  const { ino, size, mtimeMs, mode } = await stat(file).catch(() => ({ ino: 0, size: 0, mtimeMs: 0, mode: 0 }));
  return ino === 0 ? undefined : `${ino} ${size} ${mtimeMs} ${mode}`;
}

function announceReady({ announce, log }: ServeOptions, { connector, relay }: CurrentConnector): void {
  if (!connector) return;
  const what = connector.kind === "cloudflared" ? `cloudflared ${connector.version}` : "Causeway's own connector";
  announce(`ready: ${what}, pid ${connector.pid}, http://${relay?.address ?? connector.metrics}/ready`);
  void hasConfiguration(connector).then((has) => {
    if (!has) log("connector: the tunnel has no configuration yet; every request gets 503 until one is deployed");
  });
}

function isStopped(error: unknown): boolean {
  return error instanceof ConnectorProblem && error.code === "STOPPED";
}
